"""The policy under which an exportable key may be released to a confidential machine."""

import base64
import binascii
import json
from typing import Any

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.arm.messages import Body

_CONTENT_TYPE = "application/json; charset=utf-8"
_ORDER = ("version", "authority", "claim", "equals", "anyOf", "allOf")


def normalized(policy: Any) -> Body | None:
    """Return a key's release policy as Azure shows it, None without one; AzureError if it is not JSON in base64url.

    Recorded: the policy is written again, with its members in a fixed order and without white space.
    """
    if not isinstance(policy, dict) or not policy.get("data"):
        return None
    try:
        document = json.loads(base64.urlsafe_b64decode(f"{policy['data']}=="))
    except (binascii.Error, ValueError) as error:
        raise errors.error("KVD_BAD_PARAMETER", reason="invalid release_policy") from error
    text = json.dumps(_ordered(document), separators=(",", ":"))
    data = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    content_type = policy.get("contentType") or _CONTENT_TYPE
    return {"contentType": content_type, "data": data, "immutable": bool(policy.get("immutable"))}


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = sorted(value, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))
    return {name: _ordered(value[name]) for name in names}
