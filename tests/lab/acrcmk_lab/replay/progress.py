"""How long things took in a recording: the lab's delays for each exchange that began something.

A delay lies between the last answer that showed the thing under way and the first that showed it done.
"""

import datetime
import typing
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from acrcmk_lab.azure import ids
from acrcmk_lab.replay import observations, recording

Json = typing.Any
# What never ends in the recording ends long after it.
FOREVER = datetime.timedelta(days=1)
_UNDER_WAY = frozenset(
    ("creating", "updating", "deleting", "accepted", "provisioning", "registeringdns", "running", "inprogress")
)
_CREATED, _ACCEPTED, _NO_CONTENT = 201, 202, 204
_VAULT = "microsoft.keyvault/vaults/*"
_IDENTITY = "microsoft.managedidentity/userassignedidentities/*"
_ROLE_ASSIGNMENT = "microsoft.authorization/roleassignments/*"
_REPLICATION = "microsoft.containerregistry/registries/*/replications/*"
_ACR = "microsoft.containerregistry/"

# None: the exchange tells nothing of the thing; else whether the thing is done.
Look = Callable[[recording.Exchange], bool | None]


@dataclass(frozen=True, kw_only=True)
class Timed:
    """An exchange and the moment of its answer."""

    exchange: recording.Exchange
    moment: datetime.datetime


def switches(tape: recording.Recording, *, moments: list[datetime.datetime]) -> dict[int, dict[str, str]]:
    """Return by exchange number the switches to set before it is played."""
    timed = [Timed(exchange=e, moment=m) for e, m in zip(tape.exchanges, moments, strict=True)]
    found: dict[int, dict[str, str]] = {}
    for position, begun in enumerate(timed):
        chosen = dict(_chosen(begun, later=timed[position + 1 :]))
        if chosen:
            found[begun.exchange.number] = chosen
    return found


def _chosen(begun: Timed, *, later: list[Timed]) -> Iterator[tuple[str, str]]:
    exchange, whole = begun.exchange, datetime.timedelta()
    for switch, look in _delays(exchange):
        took = duration(begun.moment, later=later, look=look)
        if took is not None:
            yield switch, f"{took.total_seconds():.6f}"
            whole = took
    if exchange.method == "PUT" and ids.route(exchange.path).template == _REPLICATION and exchange.ok:
        ready = duration(begun.moment, later=later, look=_ready_look(exchange))
        yield "acr_replica_sync", f"{max(0.0, ((ready or whole) - whole).total_seconds()):.6f}"
    if exchange.method == "PUT" and ids.route(exchange.path).template.startswith(f"{_ACR}registries/*") and exchange.ok:
        yield "acr_plain_create", "async" if exchange.status == _CREATED else "sync"


def duration(begun: datetime.datetime, *, later: list[Timed], look: Look) -> datetime.timedelta | None:
    """Return how long a thing took by what later exchanges tell; None if none tells of it."""
    under_way, told = begun, False
    for timed in later:
        done = look(timed.exchange)
        if done:
            return under_way - begun + (timed.moment - under_way) / 2
        if done is not None:
            under_way, told = timed.moment, True
    return FOREVER if told else None


def _delays(exchange: recording.Exchange) -> Iterator[tuple[str, Look]]:
    """Yield the switch of each thing that an exchange begins, and who tells when it is done."""
    if not exchange.ok:
        return
    if not observations.is_arm(exchange):
        yield from _object_delays(exchange)
        return
    template, method = ids.route(exchange.path).template, exchange.method
    if method == "PUT" and template == _VAULT and _state(exchange) == "registeringdns":
        yield "dns_delay", _vault_look(exchange)
    elif method == "PUT" and template == _IDENTITY and exchange.status == _CREATED:
        yield "principal_replication", principal_look(str(exchange.properties.get("principalId")))
    elif template.startswith(_ACR) and "azure-asyncoperation" in exchange.headers and method != "GET":
        yield "acr_operation", _status_look(exchange, url=exchange.headers["azure-asyncoperation"])
    elif exchange.status == _ACCEPTED and "location" in exchange.headers and method != "GET":
        switch = "acr_delete" if template.startswith(_ACR) else "vault_purge"
        if template == observations.GROUP:
            yield "group_delete", _group_look(exchange)
        else:
            yield switch, _result_look(exchange.headers["location"])
    elif method == "POST" and template.endswith("/register"):
        yield "provider_registration", _registration_look(exchange.path.rpartition("/")[0])


def _object_delays(exchange: recording.Exchange) -> Iterator[tuple[str, Look]]:
    """A key, secret or certificate: from its deletion, or its recovery, to where it is then found."""
    parts = exchange.path.strip("/").split("/")
    if exchange.method == "DELETE" and len(parts) == 2 and not parts[0].startswith("deleted"):  # noqa: PLR2004
        yield "key_delete", _object_look(exchange.host, path=f"/deleted{parts[0]}/{parts[1]}")
    elif exchange.method == "POST" and parts[-1] == "recover":
        yield "key_recover", _object_look(exchange.host, path=f"/{parts[0].removeprefix('deleted')}/{parts[1]}")


def _object_look(host: str, *, path: str) -> Look:
    def look(exchange: recording.Exchange) -> bool | None:
        told = exchange.path.lower()
        if exchange.host != host or not (told == path.lower() or told.startswith(path.lower() + "/")):
            return None
        return exchange.ok or exchange.error == "MethodNotAllowed"

    return look


def _vault_look(put: recording.Exchange) -> Look:
    """The vault's own state tells, or that its data plane answers."""

    def look(exchange: recording.Exchange) -> bool | None:
        if observations.vault_name(exchange) == ids.name_of(put.path).lower():
            return True
        same = observations.is_arm(exchange) and exchange.path.lower() == put.path.lower()
        return _state(exchange) != "registeringdns" if same and exchange.ok else None

    return look


def principal_look(principal_id: str) -> Look:
    """A role assignment that does not say what kind its principal is tells whether it can be seen."""

    def look(exchange: recording.Exchange) -> bool | None:
        wanted = exchange.wanted
        if (
            ids.route(exchange.path).template != _ROLE_ASSIGNMENT
            or exchange.method != "PUT"
            or str(wanted.get("principalId", "")).lower() != principal_id.lower()
        ):
            return None
        if exchange.error == "PrincipalNotFound":
            return False
        return True if exchange.ok and not wanted.get("principalType") else None

    return look


def _status_look(begun: recording.Exchange, *, url: str) -> Look:
    """The operation's status tells, the resource's own state, or that it can be written again."""
    operation = urllib.parse.unquote(urllib.parse.urlsplit(url).path).lower()

    def look(exchange: recording.Exchange) -> bool | None:
        if not observations.is_arm(exchange) or not exchange.ok:
            return None
        if exchange.path.lower() == operation:
            return str(exchange.shown.get("status", "")).lower() not in _UNDER_WAY
        if exchange.path.lower() != begun.path.lower():
            return None
        return exchange.method != "GET" or _state(exchange) not in _UNDER_WAY

    return look


def _ready_look(put: recording.Exchange) -> Look:
    """A replica's own status tells when it is in sync, some time after the operation has succeeded."""

    def look(exchange: recording.Exchange) -> bool | None:
        if exchange.method != "GET" or exchange.path.lower() != put.path.lower() or _state(exchange) != "succeeded":
            return None
        status = exchange.properties.get("status")
        return isinstance(status, dict) and status.get("displayStatus") == "Ready"

    return look


def _result_look(url: str) -> Look:
    result = urllib.parse.unquote(urllib.parse.urlsplit(url).path).lower()

    def look(exchange: recording.Exchange) -> bool | None:
        if not observations.is_arm(exchange) or exchange.path.lower() != result:
            return None
        return exchange.status != _ACCEPTED

    return look


def _group_look(begun: recording.Exchange) -> Look:
    group = begun.path.lower()

    def look(exchange: recording.Exchange) -> bool | None:
        path = exchange.path.lower()
        if not observations.is_arm(exchange) or not (path == group or path.startswith(group + "/")):
            return _result_look(begun.headers["location"])(exchange)
        return exchange.error == "ResourceGroupNotFound"

    return look


def _registration_look(provider: str) -> Look:
    def look(exchange: recording.Exchange) -> bool | None:
        if exchange.method != "GET" or exchange.path.lower() != provider.lower():
            return None
        return exchange.shown.get("registrationState") == "Registered"

    return look


def _state(exchange: recording.Exchange) -> str:
    return str(exchange.properties.get("provisioningState", "")).lower()
