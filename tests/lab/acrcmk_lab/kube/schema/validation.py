"""Validation of values against a structural schema, with the messages of k8s.io/kube-openapi/pkg/validation.

An error about a value that an update left as it was is dropped ("ratcheting", on by default since Kubernetes 1.33).
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from acrcmk_lab.kube.apimachinery import field_errors, objects
from acrcmk_lab.kube.apimachinery.field_errors import FieldError
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.schema import correlation, formats, patterns

_NUMBER_FORMATS: Final = {"integer": "int64", "number": "float64"}
_INT_RANGES: Final = {"int32": 2**31, "int64": 2**63}


def validate(value: Any, schema: Object, *, old: Any = correlation.ABSENT, prefix: str = "") -> list[FieldError]:
    """Return the errors of `value`.

    `prefix` stands before the field of every error but not in its text, as in updates of `/status`, where the real
    server validates the status as a document of its own.
    """
    return _Validator(prefix).check(value, schema, "", old).errors


@dataclasses.dataclass
class _Result:
    """Errors, and the number of checks: of several failed alternatives the one with most checks is reported."""

    errors: list[FieldError] = dataclasses.field(default_factory=list)
    checks: int = 0

    def merge(self, other: "_Result") -> None:
        known = {str(error) for error in self.errors}
        self.errors += [error for error in other.errors if str(error) not in known]
        self.checks += other.checks


def _fits_integer(value: float, kind: str) -> bool:
    limit = _INT_RANGES.get(kind, 2**63)
    return float(value).is_integer() and -limit <= value < limit


def _bound(limit: float | None, value: float) -> float | None:
    """Return a limit as the real server compares it: with an integer it compares the limit's integer part."""
    return int(limit) if limit is not None and isinstance(value, int) else limit


def json_type(value: Any) -> str:
    """Return the JSON schema type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


class _Validator:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix

    def check(self, value: Any, schema: Object, path: str, old: Any = correlation.ABSENT) -> _Result:
        result = _Result()
        type_error = self._type_error(value, schema, path)
        result.errors += [type_error] if type_error else []
        result.checks += 2
        if value is None:
            result.errors += self._enum(value, schema, path)
        else:
            for part in self._parts(value, schema, path, old):
                result.merge(part)
                result.checks += 1
        if result.errors and correlation.unchanged(value, old):
            result.errors = []
        return result

    def _parts(self, value: Any, schema: Object, path: str, old: Any) -> Iterator[_Result]:
        yield self._alternatives(value, schema, path)
        if isinstance(value, str):
            yield _Result(list(self._string(value, schema, path))[:1])
            yield _Result(list(self._format(value, schema, path)))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield _Result(list(self._number(value, schema, path)), 1)
        elif isinstance(value, list):
            yield self._list(value, schema, path, old)
        yield _Result(list(self._enum(value, schema, path)))
        if isinstance(value, dict):
            yield self._object(value, schema, path, old)

    def _at(self, path: str) -> str:
        return ".".join(part for part in (self._prefix, path.removeprefix(".")) if part) or "<nil>"

    def _invalid(self, path: str, value: Any, text: str) -> FieldError:
        return field_errors.invalid(self._at(path), value, f"{path} in body {text}")

    def _plain(self, text: str) -> FieldError:
        """Return an error that the real server does not attribute to a field."""
        return field_errors.invalid(self._prefix or "<nil>", "", text)

    def _type_error(self, value: Any, schema: Object, path: str) -> FieldError | None:
        expected: list[str] = [schema.get("type", "")]
        if schema.get("x-kubernetes-int-or-string"):
            expected = ["integer", "string"]
        if not expected[0]:
            return None
        actual = json_type(value)
        if value is None:
            fits = bool(schema.get("nullable"))
        else:
            fits = (
                actual in expected
                or (actual == "integer" and "number" in expected)
                or (actual == "number" and "integer" in expected and float(value).is_integer())
                or (
                    actual in {"string", "array"}
                    and bool(schema.get("format"))
                    and expected[0] not in {"integer", "number"}
                )
            )
        if fits:
            return None
        if schema.get("format") and not isinstance(value, str | list):
            expected, actual = [schema["format"]], _NUMBER_FORMATS.get(actual, "")
        text = f'{path} in body must be of type {",".join(expected)}: "{actual}"'
        return field_errors.type_invalid(self._at(path), actual, text)

    def _enum(self, value: Any, schema: Object, path: str) -> Iterator[FieldError]:
        allowed = schema.get("enum")
        if allowed and not any(objects.equal(value, item) for item in allowed):
            yield field_errors.not_supported(self._at(path), value, allowed)

    def _string(self, value: str, schema: Object, path: str) -> Iterator[FieldError]:
        longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
        if longest is not None and len(value) > longest:
            yield field_errors.too_long(self._at(path), longest)
        if shortest is not None and len(value) < shortest:
            yield self._invalid(path, value, f"should be at least {shortest} chars long")
        if pattern and not patterns.matches(value, pattern):
            yield self._invalid(path, value, f"should match '{pattern}'")

    def _format(self, value: str, schema: Object, path: str) -> Iterator[FieldError]:
        name = schema.get("format")
        if name and schema.get("type") == "string" and not formats.conforms(value, name):
            text = f"{path} in body must be of type {name}: {field_errors.quote(value)}"
            yield field_errors.type_invalid(self._at(path), value, text)

    def _number(self, value: float, schema: Object, path: str) -> Iterator[FieldError]:
        if schema.get("type") == "integer" and not _fits_integer(value, schema.get("format", "")):
            kind = schema.get("format")
            detail = f"with format {kind}" if kind in _INT_RANGES else "(default format)"
            yield self._plain(f"Checked value must be of type integer {detail} in {path}")
        factor = schema.get("multipleOf")
        if factor and not math.isclose(value / factor, round(value / factor), rel_tol=0, abs_tol=1e-9):
            yield self._invalid(path, value, f"should be a multiple of {field_errors.go_number(factor)}")
        least, most = (_bound(schema.get(name), value) for name in ("minimum", "maximum"))
        if least is not None and (value <= least if schema.get("exclusiveMinimum") else value < least):
            relation = "greater than" if schema.get("exclusiveMinimum") else "greater than or equal to"
            yield self._invalid(path, value, f"should be {relation} {field_errors.go_number(least)}")
        if most is not None and (value >= most if schema.get("exclusiveMaximum") else value > most):
            relation = "less than" if schema.get("exclusiveMaximum") else "less than or equal to"
            yield self._invalid(path, value, f"should be {relation} {field_errors.go_number(most)}")

    def _list(self, value: list[Any], schema: Object, path: str, old: Any) -> _Result:
        result = _Result(checks=1)
        if schema.get("items"):
            for index, item in enumerate(value):
                before = correlation.item(item, old, schema)
                result.merge(self.check(item, schema["items"], f"{path}[{index}]", before))
        least, most, size = schema.get("minItems"), schema.get("maxItems"), len(value)
        if least is not None and size < least:
            result.errors.append(self._invalid(path, size, f"should have at least {least} items"))
        if most is not None and size > most:
            result.errors.append(field_errors.too_many(self._at(path), size, most))
        if schema.get("uniqueItems") and any(objects.equal(a, b) for i, a in enumerate(value) for b in value[:i]):
            result.errors.append(self._invalid(path, "", "shouldn't contain duplicates"))
        return result

    def _object(self, value: Object, schema: Object, path: str, old: Any) -> _Result:
        result = _Result()
        least, most, size = schema.get("minProperties"), schema.get("maxProperties"), len(value)
        if least is not None and size < least:
            result.errors.append(self._invalid(path, size, f"should have at least {least} properties"))
        if most is not None and size > most:
            result.errors.append(field_errors.too_many(self._at(path), size, most))
        properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
        for key, item in value.items():
            before = correlation.field(value, old, key)
            if key in properties:
                where = f"{path}.{key}" if path else key
                result.merge(self.check(item, properties[key], where, before))
            elif isinstance(additional, dict):
                result.merge(self.check(item, additional, f"{path}.{key}", before))
            elif additional is False:
                result.errors.append(self._invalid(path, key, "is a forbidden property"))
        for key in schema.get("required") or []:
            if key not in value:
                result.errors.append(field_errors.required(self._at(f"{path}.{key}")))
        return result

    def _alternatives(self, value: Any, schema: Object, path: str) -> _Result:
        result = _Result(checks=1)
        if schema.get("anyOf"):
            self._any_of(value, schema["anyOf"], path, result)
        if schema.get("oneOf"):
            self._one_of(value, schema["oneOf"], path, result)
        if schema.get("allOf"):
            self._all_of(value, schema["allOf"], path, result)
        if schema.get("not") and not self.check(value, schema["not"], path).errors:
            result.errors.append(self._plain(f'"{path}" must not validate the schema (not)'))
        return result

    def _any_of(self, value: Any, branches: list[Object], path: str, result: _Result) -> None:
        results = [self.check(value, branch, path) for branch in branches]
        valid = next((branch_result for branch_result in results if not branch_result.errors), None)
        if valid is None:
            result.errors.append(self._plain(f'"{path}" must validate at least one schema (anyOf)'))
        result.merge(valid or _most_checked(results))

    def _one_of(self, value: Any, branches: list[Object], path: str, result: _Result) -> None:
        results = [self.check(value, branch, path) for branch in branches]
        valid = [branch_result for branch_result in results if not branch_result.errors]
        if len(valid) == 1:
            result.merge(valid[0])
            return
        count_text = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
        result.errors.append(self._plain(f'"{path}" must validate one and only one schema (oneOf). {count_text}'))
        if not valid:
            result.merge(_most_checked(results))

    def _all_of(self, value: Any, branches: list[Object], path: str, result: _Result) -> None:
        results = [self.check(value, branch, path) for branch in branches]
        for branch_result in results:
            result.merge(branch_result)
        invalid_count = sum(1 for branch_result in results if branch_result.errors)
        if invalid_count:
            tail = ". None validated" if invalid_count == len(results) else ""
            result.errors.append(self._plain(f'"{path}" must validate all the schemas (allOf){tail}'))


def _most_checked(results: list[_Result]) -> _Result:
    return max(results, key=_checks)


_checks: Callable[[_Result], int] = lambda result: result.checks  # noqa: E731
