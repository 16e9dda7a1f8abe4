"""The patch types of the API other than server-side apply."""

from typing import Any, Final

import jsonpatch

from acrcmk_lab.kube.apimachinery import errors
from acrcmk_lab.kube.apimachinery.objects import Object

JSON: Final = "application/json-patch+json"
MERGE: Final = "application/merge-patch+json"
STRATEGIC: Final = "application/strategic-merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"

_MAX_OPERATIONS: Final = 10_000
_ORDER, _DIRECTIVE, _RETAIN = "$setElementOrder/", "$patch", "$retainKeys"
_DELETE_ITEMS: Final = "$deleteFromPrimitiveList/"


def merge(target: Any, patch: Any) -> Any:
    """Apply an RFC 7386 merge patch; `target` may be changed."""
    if not isinstance(patch, dict):
        return patch
    result = target if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def json_patch(target: Object, operations: list[Any]) -> Object:
    """Apply an RFC 6902 patch. Raises `StatusError`: 400 for a malformed one, 422 for one that does not apply."""
    if len(operations) > _MAX_OPERATIONS:
        text = f"The allowed maximum operations in a JSON patch is {_MAX_OPERATIONS}, got {len(operations)}"
        raise errors.StatusError(text, code=413, reason="RequestEntityTooLarge")
    try:
        result: Object = jsonpatch.JsonPatch(operations).apply(target)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException):
        raise _rejected() from None
    return result


def _rejected() -> errors.StatusError:
    text = "the server rejected our request due to an error in our request"
    return errors.StatusError(text, code=422, reason="Invalid", details={})


def strategic(target: Any, patch: Any, schema: Object | None) -> Any:
    """Apply a strategic merge patch: as a merge patch, but lists with a merge key are merged item by item."""
    if not isinstance(patch, dict):
        return patch
    if patch.get(_DIRECTIVE) == "replace":
        return {key: value for key, value in patch.items() if key != _DIRECTIVE}
    if patch.get(_DIRECTIVE) == "delete":
        return {}
    result = target if isinstance(target, dict) else {}
    before = dict(result)
    if _RETAIN in patch:
        result = {key: value for key, value in result.items() if key in patch[_RETAIN]}
    for key, value in patch.items():
        if key.startswith(_DELETE_ITEMS):
            name = key.removeprefix(_DELETE_ITEMS)
            result[name] = [item for item in result.get(name) or [] if item not in value]
        elif not key.startswith("$"):
            _strategic_field(result, key, value, schema or {})
    for key, value in patch.items():
        if key.startswith(_ORDER):
            name = key.removeprefix(_ORDER)
            result[name] = _ordered(result.get(name) or [], value, before.get(name) or [], _child(schema or {}, name))
    return result


def _strategic_field(result: Object, key: str, value: Any, schema: Object) -> None:
    child = _child(schema, key)
    if value is None:
        result.pop(key, None)
    elif isinstance(value, list) and child.get("x-kubernetes-patch-strategy") == "merge":
        before = result.get(key) or []
        result[key] = _ordered(_merge_list(before, value, child), value, before, child)
    else:
        result[key] = strategic(result.get(key), value, child)


def _child(schema: Object, key: str) -> Object:
    additional = schema.get("additionalProperties")
    child = (schema.get("properties") or {}).get(key)
    return child or (additional if isinstance(additional, dict) else {})


def _merge_list(items: list[Any], patch: list[Any], schema: Object) -> list[Any]:
    name = schema.get("x-kubernetes-patch-merge-key")
    if name is None:
        return [*items, *(item for item in patch if item not in items)]
    if any(item.get(_DIRECTIVE) == "replace" for item in patch):
        return [item for item in patch if _DIRECTIVE not in item]
    result = list(items)
    for change in patch:
        places = [place for place, item in enumerate(result) if item.get(name) == change.get(name)]
        if change.get(_DIRECTIVE) == "delete":
            result = [item for item in result if item.get(name) != change.get(name)]
        elif places:
            result[places[0]] = strategic(result[places[0]], change, schema.get("items"))
        else:
            result.append(strategic({}, change, schema.get("items")))
    return result


def _ordered(items: list[Any], patch: list[Any], before: list[Any], schema: Object) -> list[Any]:
    """Order a merged list: items of `patch` in its order, and among them the other items in their order `before`.

    Another item precedes an item of `patch` only if it preceded it before.
    """
    name = schema.get("x-kubernetes-patch-merge-key")

    def identity(item: Any) -> Any:
        return item.get(name) if name and isinstance(item, dict) else item

    order, old = [identity(item) for item in patch], [identity(item) for item in before]
    named = sorted((item for item in items if identity(item) in order), key=lambda item: order.index(identity(item)))
    others = [item for item in items if identity(item) not in order]
    result: list[Any] = []
    while named and others:
        first, other = identity(named[0]), identity(others[0])
        earlier = first in old and other in old and old.index(other) < old.index(first)
        result.append((others if earlier else named).pop(0))
    return result + named + others
