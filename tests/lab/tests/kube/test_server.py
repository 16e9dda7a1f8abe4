"""The server as a program: authentication, kubeconfig, request log, state file, command line."""

import asyncio
import datetime
import json
import signal
import stat
import sys

import requests
import yaml

from acrcmk_lab import processes
from acrcmk_lab.kube.apimachinery import clock
from acrcmk_lab.kube.http import server
from tests.lab.tests.kube import servers
from tests.lab.tests.kube.conftest import HERE, thing


def test_without_the_token_only_health_and_version_are_told(embedded_api):
    def code(path):
        with requests.Session() as session:
            session.trust_env = False
            return session.get(embedded_api.url + path, verify=str(embedded_api.ca), timeout=5).status_code

    assert [code(path) for path in ("/healthz", "/readyz", "/livez", "/version")] == [200] * 4
    assert [code(path) for path in ("/api", "/apis", "/api/v1/secrets", "/openapi/v3")] == [401] * 4


def test_the_kubeconfig_is_its_owners_alone(embedded_api):
    assert stat.S_IMODE(embedded_api.kubeconfig.stat().st_mode) == 0o600


def test_both_forms_of_discovery_agree(api):
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    for item in api.do("GET", "/apis", accept=aggregated).body["items"]:
        group = item["metadata"]["name"]
        for version in item["versions"]:
            plain = api.do("GET", f"/apis/{group}/{version['version']}").body["resources"]
            resources = {(one["name"], one["kind"], one["namespaced"]) for one in plain if "/" not in one["name"]}
            assert resources == {
                (one["resource"], one["responseKind"]["kind"], one["scope"] == "Namespaced")
                for one in version["resources"]
            }


def test_every_request_is_logged(tmp_path):
    log = tmp_path / "log.jsonl"
    with servers.embedded(tmp_path, server.Settings(log=log)) as api:
        path = "/api/v1/namespaces/default/configmaps"
        api.do("POST", path, {"metadata": {"name": "c"}}, fieldManager="me")
        api("GET", f"{path}/nope")
    first, second = (json.loads(line) for line in log.read_text().splitlines())
    assert {key: first[key] for key in ("method", "path", "status", "user_agent", "field_manager", "content_type")} == {
        "method": "POST",
        "path": path,
        "status": 201,
        "user_agent": servers.AGENT,
        "field_manager": "me",
        "content_type": servers.JSON,
    }
    assert second["status"] == 404
    assert datetime.datetime.fromisoformat(first["time"]).tzinfo is not None


def test_the_state_survives_a_restart(tmp_path):
    settings = server.Settings(state=tmp_path / "state.json")
    place = "/apis/parity.dev/v1/namespaces/default/things"
    with servers.embedded(tmp_path, settings) as api:
        servers.define(api, yaml.safe_load((HERE / "things.yaml").read_text()))
        before = api.do("POST", place, thing("a", spec={"text": "abc"}))
        uid = api.do("GET", "/api/v1/namespaces/kube-system").meta["uid"]
    with servers.embedded(tmp_path, settings) as api:
        assert api.do("GET", f"{place}/a").body == before.body
        assert api.do("GET", "/api/v1/namespaces/kube-system").meta["uid"] == uid
        changed = api.do("PATCH", f"{place}/a", {"spec": {"num": 2}}, content=servers.MERGE)
        assert int(changed.meta["resourceVersion"]) > int(before.meta["resourceVersion"])
        with api.watch(place, resourceVersion=before.meta["resourceVersion"]) as events:
            assert next(events)["type"] == "MODIFIED"
        with api.watch(place, resourceVersion=str(int(before.meta["resourceVersion"]) - 1)) as events:
            assert next(events)["object"]["reason"] == "Expired"


def test_a_broken_request_does_not_stop_the_server(embedded_api):
    path = "/api/v1/namespaces/default/configmaps"
    assert embedded_api("POST", path, "\x00\x01", content="application/vnd.kubernetes.protobuf").code == 400
    assert embedded_api("GET", path).code == 200


async def test_ages_follow_the_clock_that_is_given():
    now = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    async with server.KubeLab(clock=clock.Clock(lambda: now)) as lab:
        resource = lab.cluster.resources.find("", "v1", "namespaces")
        (stored, *_) = lab.cluster.store.select(resource.collection)
        age = next(column for column in resource.columns if column.name == "Age")
        assert stored.obj["metadata"]["creationTimestamp"] == "2026-01-02T00:00:00Z"
        assert age.cell(stored.obj, now=now + datetime.timedelta(minutes=5, seconds=7)) == "5m7s"


def test_the_command_writes_a_kubeconfig_once_it_serves_and_stops_on_sigterm(tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    with processes.Children(tmp_path) as children:
        command = (sys.executable, "-m", "acrcmk_lab.cli", "kube", "--kubeconfig", str(kubeconfig))
        child = children.start("kube", *command)
        child.wait_until(kubeconfig.exists, what="it served")
        api = servers.Api.of(kubeconfig)
        assert api.do("GET", "/api/v1/namespaces/default").body["status"]["phase"] == "Active"
        child.process.send_signal(signal.SIGTERM)
        assert child.process.wait(5) == 0


async def test_open_watches_do_not_delay_the_end(tmp_path):
    async with asyncio.timeout(5):
        async with server.KubeLab() as lab:
            api = servers.Api.of(lab.write_kubeconfig(tmp_path / "kubeconfig"))
            watch = api.watch("/api/v1/namespaces", timeoutSeconds="60")
            events = await asyncio.to_thread(watch.__enter__)
            await asyncio.to_thread(next, events)
        await asyncio.to_thread(watch.__exit__, None, None, None)
