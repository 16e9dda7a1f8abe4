"""The options of lists and watches: selectors, pages, and the revision to start from."""

import base64
import dataclasses
import json

from aiohttp import web

from acrcmk_lab.kube.apimachinery import errors, field_errors, selectors
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.http import requests
from acrcmk_lab.kube.http.responses import Page
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.changes import Expired
from acrcmk_lab.kube.storage.store import Store
from acrcmk_lab.kube.storage.stored import Stored


@dataclasses.dataclass(frozen=True, kw_only=True)
class ListOptions:
    """What a list or a watch selects; `token` is the decoded `continue`, `timeout` is in seconds (0: not set)."""

    resource: Resource
    namespace: str
    has_selector: bool
    labels: selectors.Selector
    fields: selectors.Selector
    limit: int
    token: Object | None
    resource_version: str
    bookmarks: bool
    send_initial_events: bool
    exact_match: bool
    timeout: float

    @classmethod
    def of(cls, request: web.Request, resource: Resource, namespace: str, *, watch: bool) -> "ListOptions":
        """Read the query parameters. Raises `StatusError` (400, 422)."""
        query = request.query
        _check_combination(request, watch=watch)
        return cls(
            resource=resource,
            namespace=namespace,
            has_selector=bool(query.get("labelSelector") or query.get("fieldSelector")),
            labels=selectors.labels(query.get("labelSelector", "")),
            fields=selectors.fields(query.get("fieldSelector", ""), selectable=resource.selectable_fields),
            limit=max(requests.number(request, "limit") or 0, 0),
            token=_read_token(query.get("continue", "")),
            resource_version=query.get("resourceVersion", ""),
            bookmarks=requests.flag(request, "allowWatchBookmarks"),
            send_initial_events=requests.flag(request, "sendInitialEvents"),
            exact_match=query.get("resourceVersionMatch") == "Exact",
            timeout=float(requests.number(request, "timeoutSeconds") or 0),
        )

    def selects(self, obj: Object) -> bool:
        """Whether namespace and selectors match an object."""
        meta = obj["metadata"]
        if self.namespace and meta.get("namespace") != self.namespace:
            return False
        return self.labels(obj) and self.fields(obj)

    def matching(self, store: Store) -> list[Stored]:
        """Return the objects that match, ordered by namespace and name."""
        return [item for item in store.select(self.resource.collection, self.namespace) if self.selects(item.obj)]

    def revision(self, store: Store) -> int:
        """Return the revision of a list, which is that of its first page."""
        return int(self.token["rv"]) if self.token else store.revision

    def require_available(self, store: Store) -> None:
        """Check that the requested revision exists and is not too old. Raises `StatusError` (400, 410, 504)."""
        if not self.resource_version:
            return
        if not self.resource_version.isdigit():
            raise errors.bad_request(f"invalid resource version: {unparsable_version(self.resource_version)}")
        if int(self.resource_version) > store.revision:
            raise errors.future_version(int(self.resource_version), store.revision)
        if self.exact_match and int(self.resource_version) != store.revision:
            raise errors.expired("The resourceVersion for the provided list is too old.")

    def page(self, store: Store) -> Page:
        """Return the page that `limit` and `continue` ask for. Raises `StatusError` (410) for an old token."""
        items = self.matching(store)
        if self.token:
            try:
                store.since(self.resource.collection, int(self.token["rv"]))
            except Expired:
                raise errors.expired(
                    "The provided continue parameter is too old to display a consistent list result. You can start a "
                    "new list without the continue parameter, or use the continue token in this response to retrieve "
                    "the remainder of the results. Continuing with the provided token results in an inconsistent list "
                    "- objects that were created, modified, or deleted between the time the first chunk was returned "
                    "and now may show up in the list."
                ) from None
            items = [item for item in items if _sort_key(item.obj) > self.token["after"]]
        if not self.limit or len(items) <= self.limit:
            return Page(items=items)
        shown = items[: self.limit]
        token = {"rv": self.revision(store), "after": _sort_key(shown[-1].obj)}
        encoded = base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")
        remaining = None if self.has_selector else len(items) - len(shown)
        return Page(items=shown, token=encoded, remaining=remaining)


def unparsable_version(version: str) -> str:
    """Return the text of the real server about a resource version that is no number."""
    quoted = field_errors.quote(version)
    return f"resourceVersion: Invalid value: {quoted}: strconv.ParseUint: parsing {quoted}: invalid syntax"


def _check_combination(request: web.Request, *, watch: bool) -> None:
    """Check that parameters do not contradict each other. Raises `StatusError` (422).

    Follows k8s.io/apimachinery/pkg/apis/meta/internalversion/validation.
    """
    query, field = request.query, "resourceVersionMatch"
    match, initial = query.get(field, ""), "sendInitialEvents" in query
    problem = None
    if watch and query.get("continue"):
        problem = field_errors.forbidden(field, f"{field} is forbidden when continue is provided")
    elif watch and initial and match != "NotOlderThan":
        problem = field_errors.forbidden(field, f"sendInitialEvents requires setting {field} to NotOlderThan")
    elif watch and match and not initial:
        problem = field_errors.forbidden(field, f"{field} is forbidden for watch unless sendInitialEvents is provided")
    elif match and not watch and not query.get("resourceVersion"):
        problem = field_errors.forbidden(field, f"{field} is forbidden unless resourceVersion is provided")
    elif match not in {"", "Exact", "NotOlderThan"}:
        problem = field_errors.not_supported(field, match, ["Exact", "NotOlderThan", ""])
    if problem:
        raise errors.invalid("meta.k8s.io", "ListOptions", "", [problem])


def _sort_key(obj: Object) -> list[str]:
    return [obj["metadata"].get("namespace", ""), obj["metadata"]["name"]]


def _read_token(text: str) -> Object | None:
    if not text:
        return None
    try:
        token: Object = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        int(token["rv"]), token["after"]
    except (ValueError, KeyError, TypeError):
        why = "invalid character 'i' looking for beginning of value"
        raise errors.bad_request(f"invalid continue token: continue key is not valid: {why}") from None
    return token
