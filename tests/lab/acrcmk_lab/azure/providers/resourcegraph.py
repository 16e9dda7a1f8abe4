"""Microsoft.ResourceGraph: queries over an index of all resources, which lags behind them.

The index is a picture of every resource as its provider shows it, taken anew when a query finds it
older than the switch `arg_lag`. So what a query tells is up to that old, as in Azure, where no source
says how old. A caller sees what it may read.
"""

import base64
import binascii
import typing
from collections.abc import Awaitable, Callable

from acrcmk_lab.azure import catalogue, directory, ids, kql, messages, moments, operations, tables, throttle, world

NAMESPACE = "Microsoft.ResourceGraph"
VERSIONS = ("2019-04-01", "2021-03-01", "2022-10-01", "2024-04-01")
PAGE = 1000
COLUMNS = (
    "id",
    "name",
    "type",
    "tenantId",
    "kind",
    "location",
    "resourceGroup",
    "subscriptionId",
    "managedBy",
    "sku",
    "plan",
    "properties",
    "tags",
    "identity",
    "zones",
    "extendedLocation",
)
_EMPTY_TEXTS = {"kind": "", "managedBy": ""}

# Returns a resource as a GET shows it to a caller; None for one that no provider shows.
Show = Callable[[str, directory.Principal], Awaitable[messages.Body | None]]


class ResourceGraph:
    """The provider of queries; `show` is how it sees a resource."""

    namespace = NAMESPACE
    versions: tuple[str, ...] = VERSIONS

    def __init__(self, state: world.World, *, show: Show) -> None:
        self._world = state
        self._show = show
        self._windows = throttle.Windows()
        self._rows: list[kql.Row] = []
        self._taken: float | None = None

    def accepts(self, version: str) -> bool:
        return version >= VERSIONS[0]

    def headers(self, _call: operations.Call) -> dict[str, str]:
        return {}

    def offers(self) -> list[operations.Operation]:
        return [
            operations.Operation(
                method="POST",
                template=f"{NAMESPACE}/resources".lower(),
                handler=self.resources,
                action=f"{NAMESPACE}/resources/read",
                kind="read",
                forbidden="",
                admit=self.admit,
                throttled="ARG_THROTTLE",
            )
        ]

    def admit(self, *, subscription: str, principal: str, kind: str, now: float) -> throttle.Verdict:  # noqa: ARG002 - a limit per caller alone
        """Documented: a quota per user, told in headers of its own."""
        switches = self._world.switches
        window = self._windows.take(principal, now=now, size=switches.arg_requests, seconds=switches.arg_interval)
        rest = self._world.clock.client_seconds(window.ends - now)
        return throttle.Verdict(
            allowed=window.allowed,
            retry_after=window.retry_after(now),
            headers={
                "x-ms-user-quota-remaining": str(window.left),
                "x-ms-user-quota-resets-after": throttle.span(rest),
                "x-ms-ratelimit-remaining-tenant-resource-requests": str(window.left),
            },
        )

    async def resources(self, call: operations.Call) -> messages.Answer:
        """Answer a query with one page; `$skipToken` leads to the next one."""
        query = self._query(call)
        await self._renew(call)
        rows = query.run(row for row in self._rows if self._visible(row, call=call))
        options = call.body.get("options") or {}
        size, start = self._page(call, options)
        page = rows[start : start + size]
        body: messages.Body = {"totalRecords": len(rows), "count": len(page)}
        more = start + len(page) < len(rows)
        # Documented: a query that limits itself, or shows nothing but objects, has no further pages.
        paged = not query.limited and any(
            not isinstance(value, dict | list | None) for value in (page or [{}])[0].values()
        )
        if more and paged:
            body["$skipToken"] = base64.b64encode(str(start + len(page)).encode()).decode()
        body |= {"data": page, "facets": [], "resultTruncated": str(more and not paged).lower()}
        return messages.Answer(200, body)

    def _query(self, call: operations.Call) -> kql.Query:
        text = str(call.body.get("query") or "")
        try:
            query = kql.parse(text, columns=COLUMNS)
        except kql.UnreadableError as error:
            raise self._refused(call, error.token) from error
        if query.table != "resources":
            raise self._refused(call, kql.Token("word", query.table, 1, 0))
        return query

    def _page(self, call: operations.Call, options: messages.Body) -> tuple[int, int]:
        """Return the size of the page that is asked for, and where it begins."""
        try:
            size, start = int(options.get("$top") or PAGE), int(options.get("$skip") or 0)
            if options.get("$skipToken"):
                start = int(base64.b64decode(str(options["$skipToken"]), validate=True))
        except (TypeError, ValueError, binascii.Error) as error:
            raise self._refused(call) from error
        if not 1 <= size <= PAGE or start < 0 or options.get("resultFormat", "objectArray") != "objectArray":
            raise self._refused(call)
        return size, start

    def _visible(self, row: kql.Row, *, call: operations.Call) -> bool:
        wanted = {str(one).lower() for one in call.body.get("subscriptions") or []}
        if wanted and row["subscriptionId"].lower() not in wanted:
            return False
        return self._world.access.allows(
            call.caller.object_id, action=f"{row['type']}/read", scope=row["id"], now=self._world.clock.now()
        )

    async def _renew(self, call: operations.Call) -> None:
        now = self._world.clock.now()
        if self._taken is None or now - self._taken >= self._world.switches.arg_lag:
            tracked = [found for found in self._world.store.all() if found.TRACKED]
            self._rows = [self._row(found, await self._show(found.id, call.caller)) for found in tracked]
            self._taken = now

    def _row(self, found: tables.Resource, shown: messages.Body | None) -> kql.Row:
        known: dict[str, typing.Any] = {
            "location": found.location,
            "tags": found.tags,
            **(found.listed() if shown is None else shown),
            "id": found.id,
            "name": found.name,
            # Documented: types are lower case here, whatever the provider writes.
            "type": found.TYPE.lower(),
            "tenantId": self._world.tenant_id,
            "resourceGroup": ids.group_of(found.id).lower(),
            "subscriptionId": ids.subscription_of(found.id),
        }
        return {name: known.get(name, _EMPTY_TEXTS.get(name)) for name in COLUMNS}

    def _refused(self, call: operations.Call, token: kql.Token | None = None) -> messages.RefusedError:
        refused = catalogue.refusal(
            "ARG_BAD_REQUEST", now=moments.zulu(self._world.clock.utc()), correlationId=call.correlation_id
        )
        if token:
            refused.answer.body["error"]["details"].append(
                {
                    "code": "ParserFailure",
                    "message": "ParserFailure",
                    "line": token.line,
                    "characterPositionInLine": token.column,
                    "token": token.text,
                }
            )
        return refused
