"""errors.json against the recorded errors, and against the code that uses it."""

import json
import pathlib
import re
import string

import pytest

from acrcmk_lab.azure.arm import errors
from acrcmk_lab.azure.state import rbac
from tests.lab.tests import reference

SOURCE = pathlib.Path(errors.__file__).parent.parent
# Not errors: an empty 204 for a role assignment that is gone.
NO_ERRORS = {"RA_DELETE_MISSING"}


@reference.needs_reference_data
def test_every_recorded_error_is_there_with_its_status_and_code():
    for entry in json.loads((reference.FOLDER / "azure" / "errors_catalog.json").read_text()):
        if entry["id"] in NO_ERRORS:
            continue
        ours = errors.entries()[entry["id"]]
        assert ours["status"] == (entry["http"] or 400)
        reported = entry["code"] if entry["code"] not in (None, "(UNSOURCED)") else errors.UNSOURCED
        assert ours["code"] == reported, entry["id"]


@reference.needs_reference_data
def test_every_recorded_role_is_there_as_recorded():
    for body in json.loads((reference.FOLDER / "azure" / "role_definitions_recorded.json").read_text()):
        assert rbac.definitions()[body["name"]].body["properties"] == body["properties"]


@pytest.mark.parametrize("error_id", errors.entries())
def test_every_entry_makes_a_response_and_names_its_source(error_id):
    entry = errors.entries()[error_id]
    fields = {name for _, name, _, _ in string.Formatter().parse(entry["message"]) if name}
    response = errors.response(error_id, unsourced_code="Given", **dict.fromkeys([*fields, "ns"], "x"))
    assert response.status == entry["status"] >= 400
    assert response.code == ("Given" if entry["code"] == errors.UNSOURCED else entry["code"])
    assert entry["source"]


def test_every_error_id_in_the_code_is_defined():
    used = set()
    for file in SOURCE.rglob("*.py"):
        used |= set(re.findall(r'"((?:ARM|MI|RA|RD|KV|KVD|ACR|INSIGHTS|ARG)_[A-Z0-9_]+)"', file.read_text()))
    assert used <= errors.entries().keys()
    assert len(used) > 40
