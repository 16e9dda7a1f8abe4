"""The CEL expression and the Python predicate of each rule have the same result."""

import contextlib
import functools

import pydantic
from cel_expr_python import cel
from cel_expr_python.ext import ext_optional, ext_strings
from hypothesis import given, settings
from hypothesis import strategies as st

from acrcmk.api import rules
from acrcmk.api.spec import EncryptedRegistrySpec
from tests.unit.api import refusals, specs

_ABSENT = object()


def _parsed(spec: dict) -> EncryptedRegistrySpec:
    return EncryptedRegistrySpec.model_validate(spec)


@functools.cache
def _program(expression: str) -> cel.Expression:
    variables = {"self": cel.Type.DYN, "oldSelf": cel.Type.DYN}
    extensions = [ext_strings.ExtStrings(version=2), ext_optional.ExtOptional()]
    return cel.NewEnv(variables=variables, extensions=extensions).compile(expression)


def _at(path: str, document: dict) -> object:
    node: object = document
    for name in filter(None, path.split(".")):
        if not isinstance(node, dict) or name not in node:
            return _ABSENT
        node = node[name]
    return node


def _cel_holds(rule: rules.Rule, *, name: str, spec: dict, old: dict | None) -> bool:
    """Evaluate as the API server does: a rule does not run where its node is absent, in the old or the new object."""
    node = _at(rule.at, {"metadata": {"name": name}, "spec": spec})
    before = _at(rule.at, {"metadata": {"name": name}, "spec": old}) if old is not None else _ABSENT
    if node is _ABSENT or (rule.transition and before is _ABSENT):
        return True
    data = {"self": node} | ({"oldSelf": before} if rule.transition else {})
    result = _program(rule.cel).eval(data=data).value()
    assert isinstance(result, bool), f"{rule.cel}: {result}"
    return result


def _results(name: str, spec: dict, old: dict | None) -> set[tuple[rules.Rule, bool]]:
    """Return the result of each rule, after a check that CEL and Python agree."""
    case = rules.Case(name=name, spec=_parsed(spec), old=old and _parsed(old))
    results = set()
    for rule in rules.RULES:
        if rule.transition and old is None:
            continue
        result = rule.holds(case)
        assert result == _cel_holds(rule, name=name, spec=spec, old=old), rule
        results.add((rule, result))
    return results


@settings(max_examples=500, deadline=None)
@given(name=specs.names, spec=specs.specs, old=st.none() | specs.specs)
def test_cel_and_python_agree(name, spec, old):
    assert _results(name, spec, old)


def test_the_refusals_cover_both_results_of_every_rule():
    seen = set()
    for case in refusals.REFUSALS:
        old = case.accepted["spec"] if case.accepted else None
        with contextlib.suppress(pydantic.ValidationError):  # refused by the schema already
            seen |= _results(case.refused["metadata"]["name"], case.refused["spec"], old)
    unseen = {(rule, result) for rule in rules.RULES for result in (True, False)} - seen
    assert not unseen


def test_transition_rules_are_skipped_without_an_old_spec():
    spec = _parsed(refusals.MINIMAL["spec"])
    assert rules.broken(spec, name="demo") == ()
    moved = spec.model_copy(update={"location": "northeurope"})
    assert [rule.field for rule in rules.broken(moved, name="demo", old=spec)] == ["spec.location"]


def test_every_rule_names_a_field_at_or_below_its_node():
    for rule in rules.RULES:
        assert rule.at in {"", rule.field} or rule.field.startswith(f"{rule.at}."), rule
