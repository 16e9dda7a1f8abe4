"""Who is who in a recording: its tenant, its subscriptions, the principal that it speaks for, others."""

import datetime
import itertools
import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass

from acrcmk_lab.azure import directory, ids
from acrcmk_lab.replay import observations, progress, recording

Json = typing.Any
_AUTHORITY = re.compile(r"https://login[^/]*/([0-9a-f-]{36})", re.IGNORECASE)
_DIRECTORY = re.compile(r"does not exist in the directory ([0-9a-f-]{36})", re.IGNORECASE)
_ROLE_ASSIGNMENT = "microsoft.authorization/roleassignments/*"
_VAULT = "microsoft.keyvault/vaults/*"


@dataclass(frozen=True, kw_only=True)
class Acquaintance:
    """A principal that role assignments are made for; seen from `visible` on, None for always."""

    principal: directory.Principal
    visible: datetime.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class People:
    """What the lab's directory must hold before the first request."""

    tenant_id: str
    subscriptions: tuple[str, ...]
    caller: directory.Principal
    known: tuple[Acquaintance, ...]


def derive(tape: recording.Recording, *, moments: list[datetime.datetime], fresh: typing.Callable[[], str]) -> People:
    """Read a recording's people; `fresh` makes GUIDs for those it tells nothing of."""
    return People(
        tenant_id=next(_tenants(tape), None) or fresh(),
        subscriptions=tuple(dict.fromkeys(_subscriptions(tape))),
        caller=_caller(tape, fresh=fresh),
        known=tuple(_known(tape, moments=moments, fresh=fresh)),
    )


def _tenants(tape: recording.Recording) -> Iterator[str]:
    for exchange in tape.exchanges:
        found = _AUTHORITY.search(exchange.headers.get("www-authenticate", "")) or _DIRECTORY.search(str(exchange.got))
        if found:
            yield found[1]
    for exchange in tape.exchanges:
        for body in (exchange.shown, *(exchange.rows or ())):
            properties = body.get("properties")
            if isinstance(properties, dict) and properties.get("tenantId"):
                yield str(properties["tenantId"])


def _subscriptions(tape: recording.Recording) -> Iterator[str]:
    for exchange in tape.exchanges:
        known = observations.is_arm(exchange) and exchange.error != "SubscriptionNotFound"
        if known and ids.subscription_of(exchange.path):
            yield ids.subscription_of(exchange.path)


def _caller(tape: recording.Recording, *, fresh: typing.Callable[[], str]) -> directory.Principal:
    """The caller is who wrote: role assignments name the object id, `systemData` the name."""
    name, kind = next(_authors(tape), ("", "Application"))
    if kind == "User":
        return directory.Principal(
            object_id=next(_callers(tape), None) or fresh(), client_id=fresh(), kind="User", name=name
        )
    return directory.Principal(object_id=next(_callers(tape), None) or fresh(), client_id=name or fresh(), name=name)


def _writes(tape: recording.Recording) -> Iterator[recording.Exchange]:
    return (e for e in tape.exchanges if observations.is_arm(e) and e.ok and e.method in ("PUT", "PATCH"))


def _authors(tape: recording.Recording) -> Iterator[tuple[str, str]]:
    for exchange in _writes(tape):
        told = exchange.shown.get("systemData")
        if isinstance(told, dict) and told.get("lastModifiedBy"):
            yield str(told["lastModifiedBy"]), str(told.get("lastModifiedByType", ""))


def _callers(tape: recording.Recording) -> Iterator[str]:
    """Yield object ids that may be the caller's, the surest first."""
    for exchange in _writes(tape):
        if ids.route(exchange.path).template == _ROLE_ASSIGNMENT:
            yield str(exchange.properties.get("updatedBy"))
    hosts = {observations.vault_name(exchange) for exchange in tape.exchanges if exchange.ok} - {""}
    for policies in itertools.chain(_policies(tape, names=hosts), _policies(tape, names=None)):
        for policy in policies:
            yield str(policy.get("objectId"))


def _policies(tape: recording.Recording, *, names: set[str] | None) -> Iterator[list[dict[str, Json]]]:
    """Yield the access policies of the vaults named, or of all, as first told."""
    for exchange in tape.exchanges:
        route = ids.route(exchange.path)
        if route.template == _VAULT and (names is None or route.names[0].lower() in names):
            for body in (exchange.asked, exchange.shown):
                yield [p for p in recording.properties_of(body).get("accessPolicies") or [] if isinstance(p, dict)]


def _known(
    tape: recording.Recording, *, moments: list[datetime.datetime], fresh: typing.Callable[[], str]
) -> Iterator[Acquaintance]:
    """Yield the principals of role assignments that are no identities made in the recording.

    One that is refused as unknown first becomes visible between the last refusal and the first success.
    """
    done = {str(e.properties.get("principalId")).lower() for e in tape.exchanges if _is_identity(e)}
    timed = [progress.Timed(exchange=e, moment=m) for e, m in zip(tape.exchanges, moments, strict=True)]
    for position, (exchange, moment) in enumerate(zip(tape.exchanges, moments, strict=True)):
        object_id = str(exchange.wanted.get("principalId") or exchange.properties.get("principalId") or "")
        if ids.route(exchange.path).template != _ROLE_ASSIGNMENT or not object_id or object_id.lower() in done:
            continue
        done.add(object_id.lower())
        kind = str(exchange.properties.get("principalType") or "ServicePrincipal")
        principal = directory.Principal(object_id=object_id, client_id=fresh(), kind=kind, name=object_id)
        look = progress.principal_look(object_id)
        if look(exchange) is False:
            took = progress.duration(moment, later=timed[position + 1 :], look=look)
            yield Acquaintance(principal=principal, visible=moment + (took or progress.FOREVER))
        else:
            yield Acquaintance(principal=principal)


def _is_identity(exchange: recording.Exchange) -> bool:
    return ids.route(exchange.path).template == "microsoft.managedidentity/userassignedidentities/*"
