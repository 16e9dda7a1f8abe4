"""The headers that clients act on, recorded against the lab's.

Recorders strip headers (azure-cli's takes Retry-After away), so a header that the recording lacks
proves nothing, except those that no recorder strips: `ALWAYS_KEPT`.
"""

import re
import urllib.parse
from collections.abc import Iterator, Mapping

from acrcmk_lab.replay import binding, comparison, masks

URLS = ("location", "azure-asyncoperation")
ALWAYS_KEPT = (*URLS, "www-authenticate", "content-type")
TEXTS = ("www-authenticate", "retry-after", "x-ms-failure-cause", "x-ms-keyvault-region", "allow")
VERSIONS = "api-supported-versions"
# The last part of these paths names an operation; each service has a form of its own for it.
_OPERATION = re.compile(r"(?<=/)(operationresults|operationstatuses|operations)/[^/?]+", re.IGNORECASE)
_PREFIX = re.compile(r"[a-z]+-(?=[0-9a-f]{8}-)", re.IGNORECASE)


def compare(
    rules: comparison.Comparison, recorded: Mapping[str, str], lab: Mapping[str, str]
) -> list[comparison.Difference]:
    """Return where the headers differ that matter; names are lower case. Binds URLs and ids."""
    return list(_differences(rules, recorded, lab))


def _differences(
    rules: comparison.Comparison, recorded: Mapping[str, str], lab: Mapping[str, str]
) -> Iterator[comparison.Difference]:
    for name in (*URLS, *TEXTS, VERSIONS, "content-type"):
        theirs, ours = recorded.get(name), lab.get(name)
        if theirs is None and (ours is None or name not in ALWAYS_KEPT):
            continue
        if theirs is None or ours is None:
            yield comparison.Difference(name, theirs or comparison.MISSING, ours or comparison.MISSING)
        elif name in URLS:
            rules.bound.learn_url(theirs, ours)
            yield from rules.text(name, _url_shape(theirs), _url_shape(ours))
        elif name == VERSIONS:
            yield from _versions(theirs, ours)
        elif name == "content-type":
            yield from rules.text(name, _media(theirs), _media(ours))
        else:
            yield from rules.text(name, masks.with_present_hosts(theirs), masks.with_present_hosts(ours))


def _url_shape(url: str) -> str:
    """Return a URL without operation ids, ports and signatures: what is left must agree."""
    parts = urllib.parse.urlsplit(url)
    path = _OPERATION.sub(lambda found: f"{found[1]}/{_operation(found[0])}", urllib.parse.unquote(parts.path))
    query = sorted(
        f"{name}={value}" for name, value in urllib.parse.parse_qsl(parts.query) if name not in binding.SIGNATURE
    )
    return f"{parts.scheme}://{parts.hostname or ''}{path}?{'&'.join(query)}"


def _operation(found: str) -> str:
    """Recorded: Container Registry names the kind before the id, `registries-...`; others are opaque."""
    prefix = _PREFIX.match(found.rpartition("/")[2])
    return f"{prefix[0] if prefix else ''}(operation)"


def _versions(recorded: str, lab: str) -> Iterator[comparison.Difference]:
    """The list grows with the years: one version or many is what can be compared."""
    theirs, ours = recorded.split(", "), lab.split(", ")
    if (len(theirs) == 1 or len(ours) == 1) and theirs != ours:
        yield comparison.Difference(VERSIONS, recorded, lab)


def _media(value: str) -> str:
    return value.replace(" ", "").lower()
