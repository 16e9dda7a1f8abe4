import pathlib

import pytest
import yaml

from acrcmk.api import crd, parse, status
from acrcmk.api.spec import EncryptedRegistrySpec
from acrcmk_lab.kube import crd_validator
from tests.unit.api import refusals

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_SAMPLES = sorted((_ROOT / "deploy" / "samples").glob("*.yaml"))
_SCHEMA = crd.crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
_VALIDATOR = crd_validator.CrdValidator(crd.crd())


def _nodes(schema, path=""):
    yield path, schema
    for name, value in schema.get("properties", {}).items():
        yield from _nodes(value, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from _nodes(schema[key], path + mark)


def _errors(new, old=None):
    """Return the errors of an API server with the CRD: of the schema, then of the rules."""
    return [f"{error.field}: {error.body}" for error in _VALIDATOR.errors(new, old)]


def test_the_checked_in_crd_is_fresh():
    stored = (_ROOT / "crds" / "acrcmk.dev_encryptedregistries.yaml").read_text()
    assert stored == crd.crd_yaml(), "run: make crds"
    assert yaml.safe_load(stored) == crd.crd()


def test_an_api_server_accepts_the_crd_without_unknown_fields():
    assert crd_validator.CrdValidator(crd.crd()).unknown == []


def test_every_field_is_described():
    bare = [
        path
        for path, node in _nodes(_SCHEMA)
        if not node.get("description", "").endswith(".")
        and path not in {".apiVersion", ".kind", ".metadata", ".metadata.name"}
        and not path.endswith(("[]", "{}"))
    ]
    assert bare == []


def test_nothing_but_the_status_has_a_default():
    assert {path: node["default"] for path, node in _nodes(_SCHEMA) if "default" in node} == {
        ".status": {"observedGeneration": status.UNOBSERVED}
    }


def test_every_text_list_and_map_of_the_spec_has_a_limit():
    limits = {"string": {"maxLength", "enum"}, "array": {"maxItems"}}
    unlimited = [
        path
        for path, node in _nodes(_SCHEMA["properties"]["spec"])
        if not limits.get(node["type"], {"type"}) & node.keys()
        or ("additionalProperties" in node and "maxProperties" not in node)
    ]
    assert unlimited == []


def test_descriptions_contain_the_defaults():
    described = _SCHEMA["properties"]["spec"]["properties"]["vault"]["properties"]
    assert described["access"]["description"].endswith("Default: RBAC.")
    assert described["softDeleteRetentionDays"]["description"].endswith("Default: 90.")


def test_kubectl_shows_the_columns():
    columns = crd.crd()["spec"]["versions"][0]["additionalPrinterColumns"]
    narrow = [column["name"].upper() for column in columns if not column.get("priority")]
    assert narrow == ["READY", "ENCRYPTION", "ROTATION", "KEY VERSION", "LOGIN SERVER", "AGE"]
    assert [column["name"].upper() for column in columns if column.get("priority") == 1] == ["REASON", "MESSAGE"]


@pytest.mark.parametrize("case", refusals.REFUSALS, ids=lambda case: case.case)
def test_the_crd_refuses_what_must_be_refused(case):
    if case.accepted is not None:
        assert _errors(case.accepted) == []
    errors = _errors(case.refused, case.accepted)
    assert [text for text in errors if text.startswith(case.field) and case.expected in text], errors


@pytest.mark.parametrize(("before", "change"), [case[1:] for case in refusals.ALLOWED_CHANGES])
def test_the_crd_lets_allowed_changes_pass(before, change):
    old = refusals.merged(refusals.MINIMAL, {"spec": before})
    assert _errors(refusals.merged(old, {"spec": change}), old) == []


@pytest.mark.parametrize("change", [change for _, change in refusals.CORRECTIONS])
def test_the_crd_lets_corrections_pass_until_the_registry_exists(change):
    pinned = refusals.merged(refusals.MINIMAL, {"status": {"registry": {"id": "/subscriptions/s"}}})
    assert _errors(refusals.merged(pinned, {"spec": change}), pinned) == []


@pytest.mark.parametrize("sample", _SAMPLES, ids=lambda sample: sample.name)
def test_samples_are_valid(sample):
    (document,) = yaml.safe_load_all(sample.read_text())
    assert _errors(document) == []
    assert _VALIDATOR.unknown_fields(document) == []
    assert parse.spec(document["spec"], name=document["metadata"]["name"]) is not None


def test_the_minimal_sample_is_the_minimum():
    document = yaml.safe_load((_ROOT / "deploy" / "samples" / "minimal.yaml").read_text())
    assert document == refusals.MINIMAL


def test_the_samples_show_every_field():
    shown = set()
    for sample in _SAMPLES:
        shown |= _paths(yaml.safe_load(sample.read_text())["spec"], ".spec")
    fields = {path for path, node in _nodes(_SCHEMA["properties"]["spec"], ".spec") if not path.endswith(("[]", "{}"))}
    assert fields - shown == set()


def _paths(value, path):
    inner = value.items() if isinstance(value, dict) else ()
    return {path}.union(*(_paths(item, f"{path}.{name}") for name, item in inner))


def test_the_schema_has_the_models_fields_and_no_others():
    paths = {path for path, _ in _nodes(_SCHEMA["properties"]["spec"])}
    assert {f".{field.alias}" for field in EncryptedRegistrySpec.model_fields.values()} <= paths
    assert ".managementPolicy" not in paths
