"""Comparison of the response headers that clients act on.

Recorders strip headers (azure-cli's removes Retry-After), so a header that is missing from the recording is not
compared, except those that no recorder strips: `ALWAYS_KEPT`.
"""

import re
import urllib.parse
from collections.abc import Iterator, Mapping

from acrcmk_lab.replay import binding, comparison, masks
from acrcmk_lab.replay.comparison import Comparison, Difference

URLS = ("location", "azure-asyncoperation")
ALWAYS_KEPT = (*URLS, "www-authenticate", "content-type")
TEXTS = ("www-authenticate", "retry-after", "x-ms-failure-cause", "x-ms-keyvault-region", "allow")
VERSIONS = "api-supported-versions"
# The last segment of these paths names an operation; each service has its own format for it.
_OPERATION = re.compile(r"(?<=/)(operationresults|operationstatuses|operations)/[^/?]+", re.IGNORECASE)
_PREFIX = re.compile(r"[a-z]+-(?=[0-9a-f]{8}-)", re.IGNORECASE)


def compare(rules: Comparison, recorded: Mapping[str, str], lab: Mapping[str, str]) -> list[Difference]:
    """Return the differences of the compared headers; names are lower case. Binds URLs and ids."""
    return list(_differences(rules, recorded, lab))


def _differences(rules: Comparison, recorded: Mapping[str, str], lab: Mapping[str, str]) -> Iterator[Difference]:
    for name in (*URLS, *TEXTS, VERSIONS, "content-type"):
        recorded_value, lab_value = recorded.get(name), lab.get(name)
        if recorded_value is None and (lab_value is None or name not in ALWAYS_KEPT):
            continue
        if recorded_value is None or lab_value is None:
            yield Difference(
                where=name, recorded=recorded_value or comparison.MISSING, lab=lab_value or comparison.MISSING
            )
        elif name in URLS:
            rules.bindings.map_url(recorded_value, lab_value)
            yield from rules.text(name, _url_format(recorded_value), _url_format(lab_value))
        elif name == VERSIONS:
            yield from _versions(recorded_value, lab_value)
        elif name == "content-type":
            yield from rules.text(name, _media(recorded_value), _media(lab_value))
        else:
            yield from rules.text(name, masks.with_current_hosts(recorded_value), masks.with_current_hosts(lab_value))


def _url_format(url: str) -> str:
    """Return a URL without operation ids, ports and signatures: the rest must be equal."""
    parts = urllib.parse.urlsplit(url)
    path = _OPERATION.sub(lambda match: f"{match[1]}/{_operation(match[0])}", urllib.parse.unquote(parts.path))
    query = sorted(
        f"{name}={value}" for name, value in urllib.parse.parse_qsl(parts.query) if name not in binding.SIGNATURE
    )
    return f"{parts.scheme}://{parts.hostname or ''}{path}?{'&'.join(query)}"


def _operation(path: str) -> str:
    """Return the masked last segment: Container Registry puts the kind before the id, `registries-...`."""
    prefix = _PREFIX.match(path.rpartition("/")[2])
    return f"{prefix[0] if prefix else ''}(operation)"


def _versions(recorded: str, lab: str) -> Iterator[Difference]:
    """Compare whether one version or a list is supported: the list itself grows over the years."""
    recorded_list, lab_list = recorded.split(", "), lab.split(", ")
    if (len(recorded_list) == 1 or len(lab_list) == 1) and recorded_list != lab_list:
        yield Difference(where=VERSIONS, recorded=recorded, lab=lab)


def _media(value: str) -> str:
    return value.replace(" ", "").lower()
