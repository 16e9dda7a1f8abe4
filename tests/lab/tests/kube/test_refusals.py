"""What is refused, and in which words: a table whose answers a real kube-apiserver gave, held against every server."""

import json
import pathlib
import re

import pytest
import yaml

from tests.lab.tests.kube import servers
from tests.lab.tests.kube.conftest import thing

TABLES = pathlib.Path(__file__).parent / "refusals"
THINGS = "/apis/parity.dev/v1/namespaces/default/things"
DEFAULT_TYPES = {"applies": servers.APPLY, "changes": servers.MERGE}
DEFINITION_NAMES = {"plural": "foos", "kind": "Foo"}
MASKS = (
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>"),
    (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
    (r"in record \(\d+\)", "in record (<version>)"),
    (r"current: \d+", "current: <version>"),
)


def cases(table):
    document = yaml.safe_load((TABLES / f"{table}.yaml").read_text())
    return [
        pytest.param(document, case, id=case.get("case", str(number)).replace(" ", "-"))
        for number, case in enumerate(document["cases"])
    ]


def masked(text):
    for pattern, name in MASKS:
        text = re.sub(pattern, name, text)
    return text


def body_of(table, document, case):
    body = case.get("body")
    if table == "definitions":
        return definition(**{key.replace("of spec", "spec_schema"): value for key, value in body.items()})
    if "base" in document and isinstance(body, dict):
        merged = {**document["base"], **body}
        return {key: value for key, value in merged.items() if value is not None}
    return body


def definition(*, metadata=None, spec=None, version=None, schema=None, spec_schema=None):
    root = schema or {"type": "object", "properties": {"spec": spec_schema or {"type": "object"}}}
    first = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": root}, **(version or {})}
    full = {"group": "ex.dev", "scope": "Namespaced", "names": DEFINITION_NAMES, "versions": [without_nulls(first)]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.ex.dev", **(metadata or {})},
        "spec": without_nulls({**full, **(spec or {})}),
    }


def without_nulls(value):
    return {key: item for key, item in value.items() if item is not None}


def check(api, table, document, case):
    method, path = case.get("request", document.get("request")).split(" ", 1)
    kind = case.get("type", DEFAULT_TYPES.get(table, servers.JSON))
    answer = api(method, path, body_of(table, document, case), content=kind)
    assert answer.code == case["code"], answer
    assert [masked(one) for one in answer.warnings] == ([case["warnings"]] if "warnings" in case else [])
    if answer.code < 400:
        return
    if isinstance(answer.body, str):
        assert answer.body == case["message"]
        return
    assert servers.unordered(masked(answer.body["message"])) == servers.unordered(case["message"])
    causes = (answer.body.get("details") or {}).get("causes") or []
    masked_causes = {masked(f"{cause.get('reason', '')} {cause.get('field', '')}".strip()) for cause in causes}
    assert sorted(masked_causes) == case.get("causes", [])


@pytest.mark.parametrize(("document", "case"), cases("values"))
def test_a_value_that_the_schema_refuses(api, document, case):
    check(api, "values", document, case)


@pytest.mark.parametrize(("document", "case"), cases("requests"))
def test_a_request_that_is_wrong_in_itself(api, document, case):
    check(api, "requests", document, case)


@pytest.mark.parametrize(("document", "case"), cases("builtins"))
def test_a_builtin_object_that_does_not_fit(api, document, case):
    check(api, "builtins", document, case)


@pytest.mark.parametrize(("document", "case"), cases("applies"))
def test_an_apply_that_is_refused(api, document, case):
    check(api, "applies", document, case)


@pytest.mark.parametrize(("document", "case"), cases("lists"))
def test_a_list_or_watch_that_is_refused(api, document, case):
    check(api, "lists", document, case)


@pytest.mark.parametrize(("document", "case"), cases("selectors"))
def test_a_selector_that_is_refused(api, document, case):
    check(api, "selectors", document, case)


@pytest.mark.parametrize(("document", "case"), cases("definitions"))
def test_a_definition_that_is_refused(api, document, case):
    check(api, "definitions", document, case)


@pytest.fixture
def ap(api):
    """A thing named `ap`, for as long as a test runs."""
    api.do("POST", THINGS, thing("ap", spec={"text": "abc"}))
    yield f"{THINGS}/ap"
    api("PATCH", f"{THINGS}/ap", {"metadata": {"finalizers": None}}, content=servers.MERGE)
    api("DELETE", f"{THINGS}/ap")


@pytest.mark.parametrize(("document", "case"), cases("changes"))
@pytest.mark.usefixtures("ap")
def test_a_change_that_is_refused(api, document, case):
    check(api, "changes", document, case)


@pytest.mark.parametrize(("document", "case"), cases("deletions"))
def test_a_deletion_that_is_refused(api, ap, document, case):
    api.do("PATCH", ap, {"metadata": {"finalizers": ["a/b"]}}, content=servers.MERGE)
    api.do("DELETE", ap)
    check(api, "deletions", document, case)


def test_the_refusal_of_a_patch_shows_the_whole_object(api, ap):
    answer = api("PATCH", ap, {"spec": {"zz": 1}}, content=servers.MERGE, fieldValidation="Strict")
    (cause,) = answer.body["details"]["causes"]
    shown, _, reason = cause["message"].removeprefix("Invalid value: ").rpartition(": strict decoding error: ")
    assert json.loads(json.loads(shown))["spec"]["zz"] == 1
    assert reason == 'unknown field "spec.zz"'
    assert answer.body["message"].startswith(' "" is invalid: patch: Invalid value: ')
