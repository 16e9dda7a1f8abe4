"""Pages of list responses."""

import urllib.parse

from acrcmk_lab.azure.arm.messages import Body, Response
from acrcmk_lab.azure.arm.operations import Call


def page(call: Call, *, rows: list[Body], url: str, size: int = 100, size_by_top: bool = False) -> Response:
    """Return one page of a list, with a `nextLink` if there are more rows.

    `$top` limits the whole list, or each page if `size_by_top` says so: recorded for vaults.
    """
    query = call.request.query
    if query.get("$top", "").isdigit():
        top = int(query["$top"])
        size, rows = (top or size, rows) if size_by_top else (size, rows[:top])
    start = int(query.get("$skiptoken", "0")) if query.get("$skiptoken", "0").isdigit() else 0
    body: Body = {"value": rows[start : start + size]}
    if start + size < len(rows):
        query_string = urllib.parse.urlencode(
            {**query, "$skiptoken": start + size}, quote_via=urllib.parse.quote, safe="$"
        )
        body["nextLink"] = f"{url}{call.route.path}?{query_string}"
    return Response(200, body=body)
