"""What printer columns show: the cells that a real API server answers with, for each type of column."""

import datetime

import pytest

from acrcmk_lab.kube.registry import printer_columns
from tests.lab.tests.kube import servers

PLACE = "/apis/shown.dev/v1/panels"
FIRST = {"ok": True, "v": "one", "n": 1, "t": "x"}
SECOND = {"ok": False, "v": "two words", "n": 2, "t": "y"}
PANEL = {
    "apiVersion": "shown.dev/v1",
    "kind": "Panel",
    "metadata": {"name": "a"},
    "spec": {
        "two": [FIRST, SECOND],
        "three": [FIRST, SECOND, {"v": "three", "n": 3.5, "t": "z"}],
        "map": {"x": 1.5, "a.b": "dotted"},
        "huge": 1e21,
        "deep": {"down": {"only": 5}},
        "empty": {},
        "none": [],
        "nil": None,
        "digits": "12",
        "long": 12345678901,
        "less": -3,
        "marks": "<a&b>",
    },
}
TYPES = ("string", "integer", "number", "boolean")
CELLS = [
    (".spec.three[?(@.ok==true)].v", ("one", None, None, None)),
    (".spec.two[?(@.ok==false)].v", ("two words", None, None, None)),
    ('.spec.two[?(@.ok=="true")].v', (None, None, None, None)),
    (".spec.three[?(@.ok)].v", ("one", None, None, None)),
    (".spec.two[0].ok", ("true", None, None, True)),
    (".spec.two[?(@.n>1)].v", ("two words", None, None, None)),
    (".spec.two[?(@.n>=2)].v", ("two words", None, None, None)),
    (".spec.two[?(@.n==2)].v", ("two words", None, None, None)),
    (".spec.two[?(@.n.x==1)].v", (None, None, None, None)),
    ('.spec.two[?(@.t!="x")].v', ("two words", None, None, None)),
    ('.spec.three[?(@.q!="x")].v', (None, None, None, None)),
    ('.spec.two[?(@.t=="y")].n', ("2", 2, 2, None)),
    (".spec.two[?(@.t=='y')].v", ("two words", None, None, None)),
    ('.spec.two[?(@.v=="two words")].n', ("2", 2, 2, None)),
    (".spec.three[0].v", ("one", None, None, None)),
    (".spec.three[-1].v", ("three", None, None, None)),
    (".spec.three[9].v", (None, None, None, None)),
    (".spec.three[1,0].v", ("two words", None, None, None)),
    (".spec.three[0:2].v", ("one", None, None, None)),
    (".spec.three[1:].v", ("two words", None, None, None)),
    (".spec.three[*].v", ("one", None, None, None)),
    (".spec.two[0]['t']", ("x", None, None, None)),
    (
        ".spec.two",
        ('[{"n":1,"ok":true,"t":"x","v":"one"},{"n":2,"ok":false,"t":"y","v":"two words"}]', None, None, None),
    ),
    (".spec.map", ('{"a.b":"dotted","x":1.5}', None, None, None)),
    (".spec.map.x", ("1.5", 1, 1.5, None)),
    (".spec.map['a.b']", (None, None, None, None)),
    (".spec.map.a\\.b", ("dotted", None, None, None)),
    (".spec..only", ("5", 5, 5, None)),
    (".spec.absent", (None, None, None, None)),
    (".spec.empty", ("{}", None, None, None)),
    (".spec.none", ("[]", None, None, None)),
    (".spec.nil", ("<no value>", None, None, None)),
    (".spec.digits", ("12", None, None, None)),
    (".spec.long", ("12345678901", 12345678901, 12345678901, None)),
    (".spec.less", ("-3", -3, -3, None)),
    (".spec.marks", ("<a&b>", None, None, None)),
    (".spec.", (None, None, None, None)),
]
BROKEN = [".spec[", ".spec[?(@.x", ".spec[?(@.x==)]", ".spec.{", ".spec[x]", ".spec['a'", ".spec[?(@.a==1 && @.b==2)]"]


def definition(kind, columns):
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.shown.dev"},
        "spec": {
            "group": "shown.dev",
            "scope": "Cluster",
            "names": {"plural": plural, "kind": kind},
            "versions": [{**version, "additionalPrinterColumns": columns}],
        },
    }


@pytest.fixture(scope="module")
def cells(api):
    """The cells of the panel by column, a column being path and type."""
    columns_in_order = [(path, kind) for path, _ in CELLS for kind in TYPES]
    columns = [
        {"name": str(number), "type": kind, "jsonPath": path} for number, (path, kind) in enumerate(columns_in_order)
    ]
    servers.define(api, definition("Panel", columns))
    api.do("POST", PLACE, PANEL)
    (row,) = api.do("GET", PLACE, accept=servers.TABLE).body["rows"]
    return dict(zip(columns_in_order, row["cells"][1:], strict=True))


@pytest.mark.parametrize(("path", "expected"), CELLS)
def test_a_cell_is_what_the_path_leads_to_where_that_fits_the_type(cells, path, expected):
    shown = tuple(cells[path, kind] for kind in TYPES)
    assert [repr(one) for one in shown] == [repr(one) for one in expected]


def test_a_path_that_cannot_be_read_leaves_the_name_alone(api):
    for number, path in enumerate(BROKEN):
        kind = f"Broken{number}"
        servers.define(api, definition(kind, [{"name": "X", "type": "string", "jsonPath": path}]))
        shown = api.do("GET", f"/apis/shown.dev/v1/{kind.lower()}s", accept=servers.TABLE).body
        assert [column["name"] for column in shown["columnDefinitions"]] == ["Name"], path


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (599, "9m59s"),
        (600, "10m"),
        (3599, "59m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (10_860, "3h1m"),
        (8 * 3600, "8h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (51 * 3600, "2d3h"),
        (8 * 86_400, "8d"),
        (729 * 86_400, "729d"),
        (730 * 86_400, "2y"),
        (735 * 86_400, "2y5d"),
        (8 * 365 * 86_400, "8y"),
    ],
)
def test_ages_are_told_as_kubectl_tells_them(seconds, text):
    assert printer_columns.duration(seconds) == text


def test_an_unreadable_time_has_no_age():
    assert printer_columns.age("soon", now=datetime.datetime.now(datetime.UTC)) == "<invalid>"
