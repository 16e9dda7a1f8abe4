import datetime

import pytest
from hypothesis import given, settings

from acrcmk.api import parse, rules
from acrcmk.api.spec import EncryptedRegistrySpec
from tests.unit.api import refusals, specs

_CREATIONS = [case for case in refusals.REFUSALS if case.before is None]
_UPDATES = [case for case in refusals.REFUSALS if case.before is not None]


def _spec(body):
    return parse.spec(body["spec"], name=body["metadata"]["name"])


def _by_case(case):
    return case.case


@pytest.mark.parametrize("case", _CREATIONS, ids=_by_case)
def test_the_parser_refuses_what_the_api_server_refuses(case):
    with pytest.raises(parse.InvalidSpec) as caught:
        _spec(case.refused)
    expected = case.parser_message or case.expected
    assert [text for text in caught.value.messages if text.startswith(case.field) and expected in text], caught.value


@pytest.mark.parametrize("case", _UPDATES, ids=_by_case)
def test_a_refused_update_breaks_only_its_transition_rule(case):
    old, new = _spec(case.accepted), _spec(case.refused)
    broken = rules.broken(new, name=case.refused["metadata"]["name"], old=old)
    assert [(rule.field, case.expected in rule.message) for rule in broken] == [(case.field, True)]


@pytest.mark.parametrize(("before", "change"), [case[1:] for case in refusals.ALLOWED_CHANGES])
def test_allowed_changes_break_no_rule(before, change):
    old = refusals.merged(refusals.MINIMAL, {"spec": before})
    new = refusals.merged(old, {"spec": change})
    assert rules.broken(_spec(new), name="demo", old=_spec(old)) == ()


def test_every_rule_has_a_refusal():
    messages = [case.expected for case in refusals.REFUSALS]
    assert [rule.message for rule in rules.RULES if not any(text in rule.message for text in messages)] == []


def test_all_errors_of_a_spec_are_reported_together():
    body = refusals.merged(refusals.MINIMAL, {"spec": {"location": None, "registry": {"name": "x"}}})
    with pytest.raises(parse.InvalidSpec) as caught:
        _spec(body)
    assert caught.value.messages == (
        "spec.location: is required",
        "spec.registry.name: must be 5 to 50 letters and digits",
    )


def test_unknown_fields_and_python_names_are_refused():
    body = refusals.merged(refusals.MINIMAL, {"spec": {"trustPolicy": True, "create_resource_group": True}})
    with pytest.raises(parse.InvalidSpec) as caught:
        _spec(body)
    assert caught.value.messages == (
        "spec.trustPolicy: is not a field of this resource",
        "spec.create_resource_group: is not a field of this resource",
    )


def test_a_trailing_newline_is_refused():
    body = refusals.merged(refusals.MINIMAL, {"spec": {"registry": {"name": "acrcmkdemo\n"}}})
    with pytest.raises(parse.InvalidSpec, match="5 to 50"):
        _spec(body)


def test_metadata_and_status_of_an_object_are_read():
    body = refusals.merged(
        refusals.MINIMAL,
        {
            "metadata": {
                "uid": "u",
                "generation": 3,
                "resourceVersion": "17",
                "finalizers": ["acrcmk.dev/finalizer"],
                "deletionTimestamp": "2026-11-23T19:28:10Z",
            },
            "status": {"observedGeneration": 2},
        },
    )
    read = parse.header(body)
    assert (read.namespace, read.name, read.uid, read.generation) == ("default", "demo", "u", 3)
    assert (read.resource_version, read.finalizers) == ("17", ("acrcmk.dev/finalizer",))
    assert read.deletion_timestamp == datetime.datetime(2026, 11, 23, 19, 28, 10, tzinfo=datetime.UTC)
    assert read.status.observed_generation == 2


def test_the_header_of_an_object_with_an_invalid_spec_can_still_be_read():
    body = refusals.merged(refusals.MINIMAL, {"spec": {"vault": None}})
    assert parse.header(body).name == "demo"


@settings(max_examples=200)
@given(name=specs.names, wire=specs.specs)
def test_a_spec_is_accepted_exactly_when_it_breaks_no_rule(name, wire):
    parsed = EncryptedRegistrySpec.model_validate(wire)
    broken = [f"{rule.field}: {rule.message}" for rule in rules.broken(parsed, name=name)]
    if not broken:
        assert parse.spec(wire, name=name) == parsed
        return
    with pytest.raises(parse.InvalidSpec) as caught:
        parse.spec(wire, name=name)
    assert list(caught.value.messages) == broken
