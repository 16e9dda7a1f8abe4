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


def _cel_holds(rule: rules.Rule, *, name: str, spec: dict, old: dict | None, observed: bool) -> bool:
    """Evaluate as the API server does: not where the node is absent, before or after."""
    stored = {"metadata": {"name": name}, "status": refusals.OBSERVED if observed else {}}
    node = _at(rule.at, {**stored, "spec": spec})
    before = _at(rule.at, {**stored, "spec": old}) if old is not None else _ABSENT
    if node is _ABSENT or (rule.transition and before is _ABSENT):
        return True
    data = {"self": node} | ({"oldSelf": before} if rule.transition else {})
    result = _program(rule.cel).eval(data=data).value()
    assert isinstance(result, bool), f"{rule.cel}: {result}"
    return result


def _results(name: str, spec: dict, old: dict | None, *, observed: bool = True) -> set[tuple[rules.Rule, bool]]:
    """Judge by CEL and by Python, which must agree."""
    case = rules.Case(name=name, spec=_parsed(spec), old=old and _parsed(old), observed=observed)
    found = set()
    for rule in rules.RULES:
        if rule.transition and old is None:
            continue
        verdict = rule.holds(case)
        assert verdict == _cel_holds(rule, name=name, spec=spec, old=old, observed=observed), rule
        found.add((rule, verdict))
    return found


@settings(max_examples=500, deadline=None)
@given(name=specs.names, spec=specs.specs, old=st.none() | specs.specs, observed=st.booleans())
def test_cel_and_python_agree(name, spec, old, observed):
    assert _results(name, spec, old, observed=observed)


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


def test_what_makes_up_the_registrys_id_can_be_corrected_until_the_registry_exists():
    spec = _parsed(refusals.MINIMAL["spec"])
    for _, change in refusals.CORRECTIONS:
        corrected = _parsed(refusals.merged(refusals.MINIMAL, {"spec": change})["spec"])
        assert rules.broken(corrected, name="demo", old=spec, observed=False) == ()


def test_every_rule_names_a_field_at_or_below_its_node():
    for rule in rules.RULES:
        assert rule.at in {"", rule.field} or rule.field.startswith(f"{rule.at}."), rule
