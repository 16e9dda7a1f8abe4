"""The real kubectl on each server: what a person sees."""

import json
import re
import time

import pytest
import yaml

from acrcmk_lab import kubectl
from tests.lab.tests.kube import servers
from tests.lab.tests.kube.conftest import HERE, thing
from tests.support import project

CONDITION = [{"type": "Ready", "status": "True", "reason": "Done", "message": "all is well"}]
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "lamps.shown.dev"},
    "spec": {
        "group": "shown.dev",
        "scope": "Namespaced",
        "names": {"plural": "lamps", "kind": "Lamp", "shortNames": ["lp"], "categories": ["house"]},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
                    {"name": "Watts", "type": "integer", "jsonPath": ".spec.watts"},
                    {"name": "On", "type": "boolean", "jsonPath": ".spec.on"},
                    {"name": "Since", "type": "date", "jsonPath": ".spec.since"},
                    {
                        "name": "Why",
                        "type": "string",
                        "jsonPath": '.status.conditions[?(@.type=="Ready")].message',
                        "priority": 1,
                    },
                ],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "description": "A lamp.",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "description": "What the lamp shall do.",
                                "required": ["watts"],
                                "properties": {
                                    "watts": {"type": "integer", "description": "How bright.", "maximum": 100},
                                    "on": {"type": "boolean"},
                                    "since": {"type": "string", "format": "date-time"},
                                    "shade": {"type": "string", "enum": ["red", "blue"]},
                                },
                                "x-kubernetes-validations": [
                                    {
                                        "rule": "!has(self.on) || !self.on || self.watts > 0",
                                        "message": "a lamp that is on needs watts",
                                    }
                                ],
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}


def lamp(name, **spec):
    return {"apiVersion": "shown.dev/v1", "kind": "Lamp", "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def lamps(api):
    servers.define(api, DEFINITION)


@pytest.fixture
def ctl(api, things, lamps, tmp_path):
    """Kubectl in a namespace of the test's own."""
    config = yaml.safe_load(api.kubeconfig.read_text())
    config["contexts"][0]["context"]["namespace"] = things.split("/")[-2]
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(config))
    return kubectl.Kubectl(kubeconfig, home=tmp_path / "home")


def apply(ctl, *objects, options=()):
    return ctl.attempt("apply", *options, "-f", "-", stdin=yaml.safe_dump_all(objects))


def test_apply_says_what_it_did(ctl):
    name = "lamp.shown.dev/a"
    assert apply(ctl, lamp("a", watts=5)).stdout == f"{name} created\n"
    assert apply(ctl, lamp("a", watts=5)).stdout == f"{name} unchanged\n"
    assert apply(ctl, lamp("a", watts=6)).stdout == f"{name} configured\n"


def test_get_prints_the_columns(ctl, api):
    apply(ctl, lamp("a", watts=5, on=True, since="2020-01-01T00:00:00Z"), lamp("b", watts=7))
    patch = json.dumps({"status": {"conditions": CONDITION}})
    ctl.run("patch", "lamp", "a", "--subresource=status", "--type=merge", "-p", patch)
    shown = re.sub(r"\d+y\d*d?", "AGE", ctl.run("get", "lamps"))
    assert [line.split() for line in shown.splitlines()] == [
        ["NAME", "READY", "WATTS", "ON", "SINCE"],
        ["a", "True", "5", "true", "AGE"],
        ["b", "7"],
    ]
    assert "all is well" in ctl.run("get", "lp", "-o", "wide")
    assert "all is well" not in ctl.run("get", "lp")
    assert ctl.run("get", "house", "-o", "name") == "lamp.shown.dev/a\nlamp.shown.dev/b\n"


def test_refusals_read_well(ctl):
    assert apply(ctl, lamp("a", watts=500)).stderr == (
        'The Lamp "a" is invalid: spec.watts: Invalid value: 500: '
        "spec.watts in body should be less than or equal to 100\n"
    )
    assert apply(ctl, lamp("a", watts=0, on=True)).stderr == (
        'The Lamp "a" is invalid: spec: Invalid value: a lamp that is on needs watts\n'
    )
    assert apply(ctl, lamp("a", watts=1, shade="green")).stderr == (
        'The Lamp "a" is invalid: \n'
        '* spec.shade: Unsupported value: "green": supported values: "red", "blue"\n'
        "* <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
        "correct the existing errors to complete validation\n"
    )
    assert 'unknown field "spec.wats"' in apply(ctl, lamp("a", watts=1, wats=1)).stderr
    assert ctl.attempt("get", "lamp", "nope").stderr == (
        'Error from server (NotFound): lamps.shown.dev "nope" not found\n'
    )


def test_explain_tells_fields_types_and_descriptions(ctl):
    shown = ctl.run("explain", "lamp.spec")
    assert "KIND:       Lamp" in shown
    assert "What the lamp shall do." in shown
    assert re.search(r"watts\t<integer> -required-\n    How bright\.", shown)
    assert "enum: red, blue" in shown
    assert "ObjectMeta" in ctl.run("explain", "configmap")


def test_diff_shows_the_change_and_the_generation(ctl):
    apply(ctl, lamp("a", watts=5))
    changed = json.dumps(lamp("a", watts=6))
    diff = ctl.attempt("diff", "-f", "-", stdin=changed)
    assert diff.returncode == 1
    assert {"-  watts: 5", "+  watts: 6", "-  generation: 1", "+  generation: 2"} <= set(diff.stdout.splitlines())
    assert ctl.attempt("diff", "--server-side", "--force-conflicts", "-f", "-", stdin=changed).returncode == 1


def test_describe_and_events(ctl):
    apply(ctl, lamp("a", watts=5))
    uid = ctl.json("get", "lamp", "a")["metadata"]["uid"]
    about = {"apiVersion": "shown.dev/v1", "kind": "Lamp", "name": "a", "uid": uid}
    about["namespace"] = ctl.json("get", "lamp", "a")["metadata"]["namespace"]
    times = {"firstTimestamp": "2026-01-02T03:04:05Z", "lastTimestamp": "2026-01-02T03:04:05Z", "count": 1}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": about}
    ctl.run("create", "-f", "-", stdin=json.dumps({**event, **times, "reason": "Lit", "message": "it shines"}))
    shown = ctl.run("describe", "lamp", "a")
    assert re.search(r"Watts: +5", shown)
    assert re.search(r"Lit .*it shines", shown)
    assert re.search(r"Lit +lamp/a +it shines", ctl.run("get", "events"))


def test_server_side_apply_and_its_conflicts(ctl):
    flags = ("--server-side",)
    assert apply(ctl, lamp("a", watts=5), options=flags).stdout == "lamp.shown.dev/a serverside-applied\n"
    ctl.run("patch", "lamp", "a", "--type=merge", "-p", '{"spec":{"watts":6}}')
    refused = apply(ctl, lamp("a", watts=7), options=flags)
    assert refused.stderr.startswith(
        'error: Apply failed with 1 conflict: conflict with "kubectl-patch" using shown.dev/v1: .spec.watts\n'
    )
    assert apply(ctl, lamp("a", watts=7), options=(*flags, "--force-conflicts")).returncode == 0


def test_patch_edit_label_annotate_replace(ctl):
    apply(ctl, lamp("a", watts=5))
    ctl.run("patch", "lamp", "a", "--type=json", "-p", '[{"op":"replace","path":"/spec/watts","value":8}]')
    ctl.run("label", "lamp", "a", "room=hall")
    ctl.run("annotate", "lamp", "a", "note=hi")
    assert ctl.run("get", "lamp", "-l", "room=hall", "-o", "name") == "lamp.shown.dev/a\n"
    assert ctl.run("replace", "-f", "-", stdin=json.dumps(lamp("a", watts=9))) == "lamp.shown.dev/a replaced\n"
    assert ctl.run("get", "lamp", "a", "-o", "jsonpath={.spec.watts}") == "9"


def test_builtin_objects_are_created_as_kubectl_encodes_them(ctl):
    ctl.run("create", "configmap", "c", "--from-literal=a=b")
    ctl.run("create", "secret", "generic", "s", "--from-literal=a=b")
    ctl.run("create", "serviceaccount", "sa")
    namespace = f"made-{time.monotonic_ns()}"
    ctl.run("create", "namespace", namespace)
    assert ctl.json("get", "configmap", "c")["data"] == {"a": "b"}
    assert ctl.json("get", "secret", "s")["data"] == {"a": "Yg=="}
    assert ctl.run("auth", "can-i", "delete", "lamps") == "yes\n"
    assert re.search(r"c +1 +\d+s", ctl.run("get", "cm", "c"))


def test_delete_waits_for_finalizers(ctl):
    apply(ctl, {**lamp("a", watts=5), "metadata": {"name": "a", "finalizers": ["x/y"]}})
    assert "deleted" in ctl.run("delete", "lamp", "a", "--wait=false")
    ctl.run("patch", "lamp", "a", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    assert ctl.attempt("get", "lamp", "a").returncode == 1


def test_wait_for_a_condition(ctl):
    apply(ctl, lamp("a", watts=5))
    assert ctl.attempt("wait", "--for=condition=Ready", "lamp/a", "--timeout=1s").returncode == 1
    patch = json.dumps({"status": {"conditions": CONDITION}})
    ctl.run("patch", "lamp", "a", "--subresource=status", "--type=merge", "-p", patch)
    assert "condition met" in ctl.run("wait", "--for=condition=Ready", "lamp/a", "--timeout=5s")


async def test_get_watch_follows(ctl):
    apply(ctl, lamp("a", watts=5))
    async with ctl.follow("get", "lamps", "-w") as lines:
        assert (await lines.readline()).split()[0] == b"NAME"
        assert (await lines.readline()).split() == [b"a", b"5"]
        ctl.run("patch", "lamp", "a", "--type=merge", "-p", '{"spec":{"watts":6}}')
        assert (await lines.readline()).split() == [b"a", b"6"]


def test_the_definition_of_this_project_and_its_sample(ctl):
    ctl.run("apply", "-f", str(project.CRDS))
    ctl.run("wait", "--for=condition=Established", "--timeout=20s", "-f", str(project.CRDS))
    sample = project.DEPLOY / "samples" / "minimal.yaml"
    for _ in range(50):
        applied = ctl.attempt("apply", "--dry-run=server", "-f", str(sample))
        if applied.returncode == 0:
            break
        time.sleep(0.1)
    assert applied.stdout.endswith(" created (server dry run)\n"), applied.stderr


def test_the_table_of_things_needs_no_columns_of_their_own(ctl, api, things):
    api.do("POST", things, thing("a", spec={}))
    definition = yaml.safe_load((HERE / "things.yaml").read_text())
    assert "additionalPrinterColumns" not in definition["spec"]["versions"][0]
    assert re.search(r"^NAME +AGE\na +\d+s$", ctl.run("get", "things").strip())
