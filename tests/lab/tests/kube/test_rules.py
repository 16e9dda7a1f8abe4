"""What CEL rules say of values and of changes: each server gives the same refusal."""

import pytest

from tests.lab.tests.kube import servers

TEXT = {"type": "string", "maxLength": 20}
WORDS = {"type": "array", "maxItems": 5, "items": TEXT}


def ruled(schema, *rules):
    return {**schema, "x-kubernetes-validations": [one if isinstance(one, dict) else {"rule": one} for one in rules]}


def obj(**properties):
    return {"type": "object", "properties": properties}


FIELDS = {
    "plain": ruled(TEXT, "self != 'bad'"),
    "told": ruled(TEXT, {"rule": "self != 'bad'", "message": "must be good"}),
    "computed": ruled(
        TEXT,
        {
            "rule": "self != 'bad'",
            "messageExpression": "'not ' + self",
            "message": "never",
            "reason": "FieldValueForbidden",
        },
    ),
    "uncomputed": ruled(
        obj(a=TEXT, b=TEXT), {"rule": "self.a != 'bad'", "messageExpression": "'has ' + self.b", "message": "instead"}
    ),
    "emptied": ruled(TEXT, {"rule": "self != 'bad'", "messageExpression": "' '", "message": "instead"}),
    "pointed": ruled(obj(**{"a-b": TEXT, "c": obj(d=TEXT)}), {"rule": "self.c.d != 'bad'", "fieldPath": ".c.d"}),
    "required": ruled(obj(a=TEXT, b=TEXT), {"rule": "has(self.a) == has(self.b)", "reason": "FieldValueRequired"}),
    "constant": ruled(TEXT, {"rule": "self == oldSelf", "message": "immutable"}),
    "once": ruled(
        TEXT, {"rule": "!oldSelf.hasValue() || oldSelf.value() == self", "optionalOldSelf": True, "message": "set once"}
    ),
    "grows": ruled({"type": "array", "maxItems": 5, "items": TEXT}, "oldSelf.all(one, one in self)"),
    "keyed": {
        "type": "array",
        "maxItems": 5,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": TEXT, "size": ruled({"type": "integer"}, "self >= oldSelf")},
        },
    },
    "named": ruled(
        {"type": "object", "maxProperties": 5, "additionalProperties": {"type": "integer"}},
        "self.all(name, name.startsWith('x') && self[name] > 0)",
    ),
    "range": ruled(obj(low={"type": "integer"}, high={"type": "integer"}), "self.low <= self.high"),
    "share": ruled({"type": "number"}, "self <= 1.0"),
    "either": ruled({"x-kubernetes-int-or-string": True}, "type(self) == int ? self > 0 : self != 'bad'"),
    "unique": ruled(WORDS, "self.all(a, self.exists_one(b, a == b))"),
    "split": ruled(TEXT, "self.split('/').size() == 3 && self.lowerAscii() == self"),
    "since": ruled({"type": "string", "format": "date-time"}, "self >= timestamp('2020-01-01T00:00:00Z')"),
    "lasts": ruled({"type": "string", "format": "duration"}, "self <= duration('1h')"),
    "two": ruled(TEXT, {"rule": "self != 'bad'", "message": "first"}, {"rule": "self.size() > 4", "message": "second"}),
    "nothing": ruled(
        {"type": "object", "nullable": True, "properties": {"a": TEXT}}, {"rule": "has(self.a)", "message": "needs a"}
    ),
    "times": ruled(
        obj(
            at={"type": "string", "format": "date-time"},
            all={"type": "array", "maxItems": 3, "items": {"type": "string", "format": "duration"}},
            by={"type": "object", "maxProperties": 3, "additionalProperties": {"type": "string", "format": "date"}},
            may={"type": "string", "format": "date-time", "nullable": True},
            raw={"type": "string", "format": "byte"},
        ),
        "!has(self.at) || self.at.getFullYear() == 2026",
        "!has(self.all) || self.all.all(one, one > duration('1m'))",
        "!has(self.by) || self.by.all(one, self.by[one].getFullYear() > 2019)",
        "!has(self.may) || self.may == null || self.may.getFullYear() > 2019",
        "!has(self.at) || !has(self.may) || self.at == self.may",
        "!has(self.raw) || self.raw.size() > 7",
    ),
    "reserved": ruled(obj(namespace=TEXT, **{"a-b": TEXT}), "self.__namespace__ == self.a__dash__b"),
}
ROOT = {"rule": "self.metadata.name != 'forbidden'", "message": "not this name"}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rules.ruled.dev"},
    "spec": {
        "group": "ruled.dev",
        "scope": "Cluster",
        "names": {"plural": "rules", "kind": "Rule"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": ruled(obj(spec=obj(**FIELDS)), ROOT)},
            }
        ],
    },
}
PLACE = "/apis/ruled.dev/v1/rules"
RULE = {"apiVersion": "ruled.dev/v1", "kind": "Rule"}
HEAD = 'Rule.ruled.dev "a" is invalid: '

UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation]"
)

FIRST = [
    ({"plain": "good"}, None),
    ({"plain": "bad"}, "spec.plain: Invalid value: \"bad\": failed rule: self != 'bad'"),
    ({"told": "bad"}, 'spec.told: Invalid value: "bad": must be good'),
    ({"computed": "bad"}, "spec.computed: Forbidden: not bad"),
    ({"uncomputed": {"a": "bad"}}, "spec.uncomputed: Invalid value: instead"),
    ({"uncomputed": {"b": "bad"}}, 'spec.uncomputed: Invalid value: "object": no such key: a evaluating rule: instead'),
    ({"emptied": "bad"}, 'spec.emptied: Invalid value: "bad": instead'),
    ({"pointed": {"c": {"d": "bad"}}}, "spec.pointed.c.d: Invalid value: failed rule: self.c.d != 'bad'"),
    ({"required": {"a": "x"}}, "spec.required: Required value: failed rule: has(self.a) == has(self.b)"),
    ({"constant": "x"}, None),
    ({"once": "x"}, None),
    ({"named": {"x1": 1, "x2": 2}}, None),
    (
        {"named": {"x1": 0}},
        "spec.named: Invalid value: failed rule: self.all(name, name.startsWith('x') && self[name] > 0)",
    ),
    ({"range": {"low": 3, "high": 2}}, "spec.range: Invalid value: failed rule: self.low <= self.high"),
    ({"share": 2}, "spec.share: Invalid value: 2: failed rule: self <= 1.0"),
    ({"share": 1}, None),
    ({"either": 0}, "spec.either: Invalid value: 0: failed rule: type(self) == int ? self > 0 : self != 'bad'"),
    (
        {"either": "bad"},
        "spec.either: Invalid value: \"bad\": failed rule: type(self) == int ? self > 0 : self != 'bad'",
    ),
    ({"either": "good"}, None),
    ({"unique": ["a", "b"]}, None),
    ({"unique": ["a", "a"]}, "spec.unique: Invalid value: failed rule: self.all(a, self.exists_one(b, a == b))"),
    (
        {"split": "a/b"},
        "spec.split: Invalid value: \"a/b\": failed rule: self.split('/').size() == 3 && self.lowerAscii() == self",
    ),
    ({"split": "a/b/c"}, None),
    (
        {"since": "2019-01-01T00:00:00Z"},
        "spec.since: Invalid value: \"2019-01-01T00:00:00Z\": failed rule: self >= timestamp('2020-01-01T00:00:00Z')",
    ),
    ({"since": "2021-01-01T00:00:00Z"}, None),
    ({"lasts": "61m"}, "spec.lasts: Invalid value: \"61m\": failed rule: self <= duration('1h')"),
    ({"lasts": "1h"}, None),
    ({"two": "bad"}, '[spec.two: Invalid value: "bad": first, spec.two: Invalid value: "bad": second]'),
    ({"nothing": None}, None),
    ({"nothing": {}}, "spec.nothing: Invalid value: needs a"),
    (
        {"reserved": {"namespace": "a", "a-b": "b"}},
        "spec.reserved: Invalid value: failed rule: self.__namespace__ == self.a__dash__b",
    ),
    ({"reserved": {"namespace": "a", "a-b": "a"}}, None),
    (
        {"plain": "bad", "told": 3},
        '[spec.told: Invalid value: "integer": spec.told in body must be of type string: "integer", ' + UNCHECKED,
    ),
    ({"times": {"at": "2026-01-01T00:00:00Z"}}, None),
    (
        {"times": {"at": "2025-01-01T00:00:00Z"}},
        "spec.times: Invalid value: failed rule: !has(self.at) || self.at.getFullYear() == 2026",
    ),
    ({"times": {"all": ["2m"]}}, None),
    (
        {"times": {"all": ["2m", "3s"]}},
        "spec.times: Invalid value: failed rule: !has(self.all) || self.all.all(one, one > duration('1m'))",
    ),
    ({"times": {"by": {"a": "2021-01-01"}}}, None),
    (
        {"times": {"by": {"a": "2011-01-01"}}},
        "spec.times: Invalid value: failed rule: !has(self.by) || self.by.all(one, self.by[one].getFullYear() > 2019)",
    ),
    ({"times": {"may": "2026-01-01T00:00:00Z"}}, None),
    (
        {"times": {"may": "2016-01-01T00:00:00Z"}},
        "spec.times: Invalid value: failed rule: !has(self.may) || self.may == null || self.may.getFullYear() > 2019",
    ),
    ({"times": {"may": None}}, None),
    ({"times": {"at": "2026-01-01T00:00:00Z", "may": "2026-01-01T00:00:00+00:00"}}, None),
    (
        {"times": {"at": "2026-01-01T00:00:00.123456789Z", "may": "2026-01-01T00:00:00+00:01"}},
        "spec.times: Invalid value: failed rule: !has(self.at) || !has(self.may) || self.at == self.may",
    ),
    ({"times": {"raw": "YWJj"}}, "spec.times: Invalid value: failed rule: !has(self.raw) || self.raw.size() > 7"),
    ({"times": {"raw": "YWJjZGVm"}}, "spec.times: Invalid value: failed rule: !has(self.raw) || self.raw.size() > 7"),
]
CHANGES = [
    ({"constant": "x"}, {"constant": "y"}, 'spec.constant: Invalid value: "y": immutable'),
    ({"constant": "x"}, {"constant": None}, None),
    ({}, {"constant": "x"}, None),
    ({"once": "x"}, {"once": "y"}, 'spec.once: Invalid value: "y": set once'),
    ({}, {"once": "y"}, None),
    ({"grows": ["a"]}, {"grows": ["b", "a"]}, None),
    ({"grows": ["a"]}, {"grows": ["b"]}, "spec.grows: Invalid value: failed rule: oldSelf.all(one, one in self)"),
    (
        {"keyed": [{"name": "a", "size": 2}, {"name": "b", "size": 2}]},
        {"keyed": [{"name": "b", "size": 1}]},
        "spec.keyed[0].size: Invalid value: 1: failed rule: self >= oldSelf",
    ),
    ({"keyed": [{"name": "a", "size": 2}]}, {"keyed": [{"name": "b", "size": 1}]}, None),
]


@pytest.fixture(scope="module")
def rules(api):
    servers.define(api, DEFINITION)
    return api


def sorted_message(answer):
    """Return what was refused, without the head; None where it was not."""
    if answer.code < 400:
        return None
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    return answer.body["message"].removeprefix(HEAD)


@pytest.mark.parametrize(("spec", "refusal"), FIRST)
def test_a_new_object_is_held_to_the_rules(rules, spec, refusal):
    assert (
        sorted_message(rules("POST", PLACE, {**RULE, "metadata": {"name": "a"}, "spec": spec}, dryRun="All")) == refusal
    )


@pytest.mark.parametrize(("before", "after", "refusal"), CHANGES)
def test_a_change_is_held_to_the_rules(rules, before, after, refusal):
    rules.do("POST", PLACE, {**RULE, "metadata": {"name": "a"}, "spec": before})
    answer = rules("PATCH", f"{PLACE}/a", {"spec": after}, content=servers.MERGE)
    rules.do("DELETE", f"{PLACE}/a")
    assert sorted_message(answer) == refusal


def test_a_rule_at_the_root_sees_the_name(rules):
    answer = rules("POST", PLACE, {**RULE, "metadata": {"name": "forbidden"}})
    assert answer.body["message"] == 'Rule.ruled.dev "forbidden" is invalid: <nil>: Invalid value: not this name'
