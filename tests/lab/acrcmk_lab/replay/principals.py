"""The tenant, the subscriptions, the caller and the other principals of a recording."""

import dataclasses
import datetime
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.replay import observations, progress, recordings
from acrcmk_lab.replay.progress import TimedExchange
from acrcmk_lab.replay.recordings import Exchange, Recording

Json = Any
_AUTHORITY = re.compile(r"https://login[^/]*/([0-9a-f-]{36})", re.IGNORECASE)
_DIRECTORY = re.compile(r"does not exist in the directory ([0-9a-f-]{36})", re.IGNORECASE)
_ROLE_ASSIGNMENT = "microsoft.authorization/roleassignments/*"
_VAULT = "microsoft.keyvault/vaults/*"


@dataclasses.dataclass(frozen=True, kw_only=True)
class KnownPrincipal:
    """A principal of role assignments; visible to the service from `visible_from` on, None for always."""

    principal: Principal
    visible_from: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Principals:
    """What the lab's directory must contain before the first request."""

    tenant_id: str
    subscriptions: tuple[str, ...]
    caller: Principal
    known: tuple[KnownPrincipal, ...]


def derive(recording: Recording, *, timestamps: list[datetime.datetime], new_guid: Callable[[], str]) -> Principals:
    """Read a recording's principals; `new_guid` generates the ids that it does not contain."""
    return Principals(
        tenant_id=next(_tenants(recording), None) or new_guid(),
        subscriptions=tuple(dict.fromkeys(_subscriptions(recording))),
        caller=_caller(recording, new_guid=new_guid),
        known=tuple(_known_principals(recording, timestamps=timestamps, new_guid=new_guid)),
    )


def _tenants(recording: Recording) -> Iterator[str]:
    for exchange in recording.exchanges:
        match = _AUTHORITY.search(exchange.headers.get("www-authenticate", "")) or _DIRECTORY.search(
            str(exchange.response_body)
        )
        if match:
            yield match[1]
    for exchange in recording.exchanges:
        for body in (exchange.response_object, *(exchange.rows or ())):
            properties = body.get("properties")
            if isinstance(properties, dict) and properties.get("tenantId"):
                yield str(properties["tenantId"])


def _subscriptions(recording: Recording) -> Iterator[str]:
    for exchange in recording.exchanges:
        exists = observations.is_arm(exchange) and exchange.error != "SubscriptionNotFound"
        if exists and ids.subscription_of(exchange.path):
            yield ids.subscription_of(exchange.path)


def _caller(recording: Recording, *, new_guid: Callable[[], str]) -> Principal:
    """Return the author of the writes: role assignments contain the object id, `systemData` the name."""
    name, kind = next(_authors(recording), ("", "Application"))
    if kind == "User":
        return Principal(
            object_id=next(_callers(recording), None) or new_guid(), client_id=new_guid(), kind="User", name=name
        )
    return Principal(object_id=next(_callers(recording), None) or new_guid(), client_id=name or new_guid(), name=name)


def _writes(recording: Recording) -> Iterator[Exchange]:
    return (e for e in recording.exchanges if observations.is_arm(e) and e.ok and e.method in ("PUT", "PATCH"))


def _authors(recording: Recording) -> Iterator[tuple[str, str]]:
    for exchange in _writes(recording):
        system_data = exchange.response_object.get("systemData")
        if isinstance(system_data, dict) and system_data.get("lastModifiedBy"):
            yield str(system_data["lastModifiedBy"]), str(system_data.get("lastModifiedByType", ""))


def _callers(recording: Recording) -> Iterator[str]:
    """Yield object ids that may be the caller's, the most certain first."""
    for exchange in _writes(recording):
        if ids.route(exchange.path).template == _ROLE_ASSIGNMENT:
            yield str(exchange.properties.get("updatedBy"))
    hosts = {observations.vault_name(exchange) for exchange in recording.exchanges if exchange.ok} - {""}
    for policies in itertools.chain(_policies(recording, names=hosts), _policies(recording, names=None)):
        for policy in policies:
            yield str(policy.get("objectId"))


def _policies(recording: Recording, *, names: set[str] | None) -> Iterator[list[dict[str, Json]]]:
    """Yield the access policies of the named vaults, or of all, in the order of the recording."""
    for exchange in recording.exchanges:
        route = ids.route(exchange.path)
        if route.template == _VAULT and (names is None or route.names[0].lower() in names):
            for body in (exchange.request_object, exchange.response_object):
                yield [p for p in recordings.properties_of(body).get("accessPolicies") or [] if isinstance(p, dict)]


def _known_principals(
    recording: Recording, *, timestamps: list[datetime.datetime], new_guid: Callable[[], str]
) -> Iterator[KnownPrincipal]:
    """Yield the principals of role assignments that are not identities created in the recording.

    One whose first assignment fails as unknown becomes visible between the last failure and the first success.
    """
    known = {str(e.properties.get("principalId")).lower() for e in recording.exchanges if _is_identity(e)}
    timed_exchanges = [
        TimedExchange(exchange=e, timestamp=m) for e, m in zip(recording.exchanges, timestamps, strict=True)
    ]
    for position, (exchange, timestamp) in enumerate(zip(recording.exchanges, timestamps, strict=True)):
        object_id = str(exchange.request_properties.get("principalId") or exchange.properties.get("principalId") or "")
        if ids.route(exchange.path).template != _ROLE_ASSIGNMENT or not object_id or object_id.lower() in known:
            continue
        known.add(object_id.lower())
        kind = str(exchange.properties.get("principalType") or "ServicePrincipal")
        principal = Principal(object_id=object_id, client_id=new_guid(), kind=kind, name=object_id)
        check = progress.principal_check(object_id)
        if check(exchange) is False:
            elapsed = progress.duration(timestamp, later=timed_exchanges[position + 1 :], check=check)
            yield KnownPrincipal(principal=principal, visible_from=timestamp + (elapsed or progress.NEVER_FINISHED))
        else:
            yield KnownPrincipal(principal=principal)


def _is_identity(exchange: Exchange) -> bool:
    return ids.route(exchange.path).template == "microsoft.managedidentity/userassignedidentities/*"
