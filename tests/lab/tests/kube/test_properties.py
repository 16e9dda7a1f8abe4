"""What holds for all objects: of merging, of patches, of pruning and defaulting, of everything that reads text."""

import contextlib
import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from acrcmk_lab.kube.apimachinery import errors, jsonpath, objects, patches, selectors
from acrcmk_lab.kube.apply import fieldset, typed
from acrcmk_lab.kube.schema import defaulting, validation
from tests.lab.tests.kube.conftest import HERE

SCHEMA = yaml.safe_load((HERE / "things.yaml").read_text())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
KIND = typed.Type(SCHEMA)
NAMES = st.sampled_from(["a", "b", "c", 'd"e', "f.g"])
NUMBERS = st.integers(0, 3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-2, 2) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)


def optional(**fields):
    return st.fixed_dictionaries({}, optional=fields)


def keyed():
    item = st.fixed_dictionaries({"name": NAMES}, optional={"port": NUMBERS, "note": NAMES})
    return st.lists(item, max_size=4, unique_by=lambda one: one["name"])


SPECS = optional(
    text=NAMES,
    set=st.lists(NAMES, max_size=4, unique=True),
    list=st.lists(NAMES, max_size=3),
    map=st.dictionaries(NAMES, NUMBERS, max_size=3),
    items=keyed(),
    obj=optional(a=NAMES, b=NUMBERS),
    odef=optional(x=NAMES, n=optional(q=NUMBERS, r=NUMBERS)),
    atom=optional(a=NAMES, b=NAMES),
    free=st.dictionaries(NAMES, NUMBERS, max_size=3),
)
OBJECTS = st.builds(lambda spec: {"spec": spec}, SPECS)
# As random JSON hardly ever hits a field, wild values stand in the places of fields.
WILD = st.dictionaries(st.sampled_from([*sorted(SCHEMA["properties"]["spec"]["properties"]), "unknown"]), JSON)
WILD_OBJECTS = st.fixed_dictionaries({"apiVersion": st.just("v1"), "kind": st.just("T"), "spec": WILD | JSON})


def same_order(shorter, longer):
    """Whether the items of one list stand in the other in the same order."""
    rest = iter(longer)
    return all(any(one == other for other in rest) for one in shorter)


@given(OBJECTS)
def test_field_sets_survive_their_encoding(obj):
    fields = typed.paths(obj, KIND)
    encoded = json.loads(json.dumps(fieldset.encode(fields)))
    assert fieldset.decode(encoded) == fields


@given(OBJECTS)
def test_merging_an_object_with_itself_changes_nothing(obj):
    assert objects.equal(typed.merge(obj, obj, KIND), obj)
    assert typed.compare(obj, obj, KIND) == typed.Comparison(fieldset.EMPTY, fieldset.EMPTY, fieldset.EMPTY)
    assert typed.remove(obj, fieldset.EMPTY, KIND) == obj


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(live, applied):
    merged = typed.merge(live, applied, KIND)
    assert objects.equal(typed.merge(merged, applied, KIND), merged)


@given(OBJECTS, OBJECTS)
def test_merging_removes_nothing_and_keeps_what_was_applied(live, applied):
    merged = typed.merge(live, applied, KIND)
    assert typed.compare(live, merged, KIND).removed == fieldset.EMPTY
    comparison = typed.compare(applied, merged, KIND)
    assert comparison.removed == comparison.modified == fieldset.EMPTY


@given(OBJECTS, OBJECTS)
def test_merged_lists_have_the_order_of_what_was_applied(live, applied):
    merged = typed.merge(live, applied, KIND)["spec"]
    assert same_order(applied["spec"].get("set", []), merged.get("set", []))
    names = [[item["name"] for item in spec.get("items", [])] for spec in (applied["spec"], merged)]
    assert same_order(*names)
    assert len(set(names[1])) == len(names[1])


@given(OBJECTS, OBJECTS)
def test_a_comparison_read_backwards_is_that_of_the_reverse(left, right):
    there, back = typed.compare(left, right, KIND), typed.compare(right, left, KIND)
    assert (there.added, there.removed, there.modified) == (back.removed, back.added, back.modified)


@given(OBJECTS, OBJECTS)
def test_what_is_removed_is_gone_and_nothing_else_is(obj, other):
    doomed = typed.paths(obj, KIND) & typed.paths(other, KIND)
    left = typed.remove(obj, doomed, KIND) or {}
    remaining = typed.paths(left, KIND)
    assert not doomed & remaining
    lost = typed.paths(obj, KIND) - remaining
    assert all(any(one[: len(path)] == path or path[: len(one)] == one for path in doomed) for one in lost)


@given(WILD_OBJECTS)
def test_decoding_twice_is_decoding_once(obj):
    defaulting.decode(obj, SCHEMA)
    again = objects.clone(obj)
    assert defaulting.decode(again, SCHEMA) == []
    assert objects.equal(again, obj)


@given(WILD_OBJECTS)
def test_any_object_can_be_judged_and_problems_name_a_field(obj):
    defaulting.decode(obj, SCHEMA)
    assert all(problem.field for problem in validation.validate(obj, SCHEMA))
    assert validation.validate(obj, SCHEMA, old=obj) == validation.validate(obj, SCHEMA, old=objects.clone(obj))


@given(JSON, JSON)
def test_a_merge_patch_applied_twice_is_applied_once(target, change):
    once = patches.merge(objects.clone(target), change)
    assert objects.equal(patches.merge(objects.clone(once), change), once)


@pytest.mark.parametrize(
    ("target", "change", "result"),
    [
        # The examples of RFC 7386, appendix A.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patches_follow_the_rfc(target, change, result):
    assert patches.merge(target, change) == result


@given(st.text(max_size=20) | st.text("ab=!,()<> in.\\[]?@'\"*1{}", max_size=20), JSON)
def test_selectors_and_paths_are_read_or_refused_but_never_break(text, value):
    with contextlib.suppress(errors.StatusError):
        selectors.labels(text)({"metadata": {"labels": {"a": "b"}}})
    with contextlib.suppress(errors.StatusError):
        selectors.fields(text, selectable=("a", "b"))({"a": value})
    with contextlib.suppress(jsonpath.PathError):
        jsonpath.find(value, jsonpath.parse(text))
