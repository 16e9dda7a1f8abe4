"""The duration of operations in a recording: the lab's delays for each exchange that started one.

An operation ends between the last response that showed it in progress and the first that showed it finished.
"""

import dataclasses
import datetime
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.replay import observations
from acrcmk_lab.replay.recordings import Exchange, Recording

Json = Any
NEVER_FINISHED = datetime.timedelta(days=1)
"""The duration of an operation that is still in progress at the end of the recording."""
_UNDER_WAY = frozenset(
    ("creating", "updating", "deleting", "accepted", "provisioning", "registeringdns", "running", "inprogress")
)
_CREATED, _ACCEPTED, _NOT_FOUND = 201, 202, 404
_VAULT = "microsoft.keyvault/vaults/*"
_IDENTITY = "microsoft.managedidentity/userassignedidentities/*"
_ROLE_ASSIGNMENT = "microsoft.authorization/roleassignments/*"
_REPLICATION = "microsoft.containerregistry/registries/*/replications/*"
_ACR = "microsoft.containerregistry/"

Check = Callable[[Exchange], bool | None]
"""Whether an exchange shows that an operation is finished; None if it does not show its state."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimedExchange:
    """An exchange and the time of its response."""

    exchange: Exchange
    timestamp: datetime.datetime


def settings(recording: Recording, *, timestamps: list[datetime.datetime]) -> dict[int, dict[str, str]]:
    """Return by exchange number the settings to apply before it is replayed."""
    timed_exchanges = [
        TimedExchange(exchange=e, timestamp=m) for e, m in zip(recording.exchanges, timestamps, strict=True)
    ]
    result: dict[int, dict[str, str]] = {}
    for position, start in enumerate(timed_exchanges):
        settings = dict(_settings(start, later=timed_exchanges[position + 1 :]))
        if settings:
            result[start.exchange.number] = settings
    return result


def _settings(start: TimedExchange, *, later: list[TimedExchange]) -> Iterator[tuple[str, str]]:
    exchange, operation = start.exchange, datetime.timedelta()
    for switch, check in _delays(exchange):
        elapsed = duration(start.timestamp, later=later, check=check)
        if elapsed is not None:
            yield switch, f"{elapsed.total_seconds():.6f}"
            operation = elapsed
    if exchange.method == "PUT" and ids.route(exchange.path).template == _REPLICATION and exchange.ok:
        ready = duration(start.timestamp, later=later, check=_ready_check(exchange))
        yield "acr_replica_sync", f"{max(0.0, ((ready or operation) - operation).total_seconds()):.6f}"
    if exchange.method == "PUT" and ids.route(exchange.path).template.startswith(f"{_ACR}registries/*") and exchange.ok:
        yield "acr_plain_create", "async" if exchange.status == _CREATED else "sync"


def duration(start: datetime.datetime, *, later: list[TimedExchange], check: Check) -> datetime.timedelta | None:
    """Return how long an operation took, by later exchanges; None if none shows its state."""
    in_progress_until, checked = start, False
    for timed_exchange in later:
        done = check(timed_exchange.exchange)
        if done:
            return in_progress_until - start + (timed_exchange.timestamp - in_progress_until) / 2
        if done is not None:
            in_progress_until, checked = timed_exchange.timestamp, True
    return NEVER_FINISHED if checked else None


def _delays(exchange: Exchange) -> Iterator[tuple[str, Check]]:
    """Yield the setting and the check of each operation that an exchange starts."""
    if not exchange.ok:
        return
    if not observations.is_arm(exchange):
        yield from _object_delays(exchange)
        return
    template, method = ids.route(exchange.path).template, exchange.method
    if method == "PUT" and template == _VAULT and _state(exchange) == "registeringdns":
        yield "dns_delay", _vault_check(exchange)
    elif method == "PUT" and template == _IDENTITY and exchange.status == _CREATED:
        yield "principal_replication", principal_check(str(exchange.properties.get("principalId")))
    elif template.startswith(_ACR) and "azure-asyncoperation" in exchange.headers and method != "GET":
        yield "acr_operation", _status_check(exchange, url=exchange.headers["azure-asyncoperation"])
    elif exchange.status == _ACCEPTED and "location" in exchange.headers and method != "GET":
        switch = "acr_delete" if template.startswith(_ACR) else "vault_purge"
        if template == observations.GROUP:
            yield "group_delete", _group_check(exchange)
        else:
            yield switch, _result_check(exchange.headers["location"])
    elif method == "POST" and template.endswith("/register"):
        yield "provider_registration", _registration_check(exchange.path.rpartition("/")[0])


def _object_delays(exchange: Exchange) -> Iterator[tuple[str, Check]]:
    """Yield the deletion or recovery of a key, secret or certificate, until it appears in its new place."""
    parts = exchange.path.strip("/").split("/")
    if exchange.method == "DELETE" and len(parts) == 2 and not parts[0].startswith("deleted"):  # noqa: PLR2004
        yield "key_delete", _object_check(exchange.host, path=f"/deleted{parts[0]}/{parts[1]}")
    elif exchange.method == "POST" and parts[-1] == "recover":
        yield "key_recover", _object_check(exchange.host, path=f"/{parts[0].removeprefix('deleted')}/{parts[1]}")


def _object_check(host: str, *, path: str) -> Check:
    def check(exchange: Exchange) -> bool | None:
        requested = exchange.path.lower()
        if exchange.host != host or not (requested == path.lower() or requested.startswith(path.lower() + "/")):
            return None
        return exchange.ok or exchange.error == "MethodNotAllowed"

    return check


def _vault_check(put: Exchange) -> Check:
    """Check the vault's provisioning state, or that its data plane responds."""

    def check(exchange: Exchange) -> bool | None:
        if observations.vault_name(exchange) == ids.name_of(put.path).lower():
            return True
        same = observations.is_arm(exchange) and exchange.path.lower() == put.path.lower()
        return _state(exchange) != "registeringdns" if same and exchange.ok else None

    return check


def principal_check(principal_id: str) -> Check:
    """Check whether role assignments without `principalType` accept a principal."""

    def check(exchange: Exchange) -> bool | None:
        request_properties = exchange.request_properties
        if (
            ids.route(exchange.path).template != _ROLE_ASSIGNMENT
            or exchange.method != "PUT"
            or str(request_properties.get("principalId", "")).lower() != principal_id.lower()
        ):
            return None
        if exchange.error == "PrincipalNotFound":
            return False
        return True if exchange.ok and not request_properties.get("principalType") else None

    return check


def _status_check(start: Exchange, *, url: str) -> Check:
    """Check the operation's status, the resource's provisioning state, or that it accepts a write."""
    operation = urllib.parse.unquote(urllib.parse.urlsplit(url).path).lower()

    def check(exchange: Exchange) -> bool | None:
        if not observations.is_arm(exchange) or not exchange.ok:
            return None
        if exchange.path.lower() == operation:
            return str(exchange.response_object.get("status", "")).lower() not in _UNDER_WAY
        if exchange.path.lower() != start.path.lower():
            return None
        return exchange.method != "GET" or _state(exchange) not in _UNDER_WAY

    return check


def _ready_check(put: Exchange) -> Check:
    """Check the status of a replica: it is in sync some time after its operation has succeeded."""

    def check(exchange: Exchange) -> bool | None:
        if exchange.method != "GET" or exchange.path.lower() != put.path.lower() or _state(exchange) != "succeeded":
            return None
        status = exchange.properties.get("status")
        return isinstance(status, dict) and status.get("displayStatus") == "Ready"

    return check


def _result_check(url: str) -> Check:
    result = urllib.parse.unquote(urllib.parse.urlsplit(url).path).lower()

    def check(exchange: Exchange) -> bool | None:
        if not observations.is_arm(exchange) or exchange.path.lower() != result:
            return None
        return exchange.status != _ACCEPTED

    return check


def _group_check(start: Exchange) -> Check:
    group = start.path.lower()

    def check(exchange: Exchange) -> bool | None:
        path = exchange.path.lower()
        if not observations.is_arm(exchange) or not (path == group or path.startswith(group + "/")):
            return _result_check(start.headers["location"])(exchange)
        if exchange.method == "HEAD":
            return exchange.status == _NOT_FOUND
        return exchange.error == "ResourceGroupNotFound"

    return check


def _registration_check(provider: str) -> Check:
    def check(exchange: Exchange) -> bool | None:
        if exchange.method != "GET" or exchange.path.lower() != provider.lower():
            return None
        return exchange.response_object.get("registrationState") == "Registered"

    return check


def _state(exchange: Exchange) -> str:
    return str(exchange.properties.get("provisioningState", "")).lower()
