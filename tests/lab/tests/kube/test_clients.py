"""The clients that the operator is made of: kopf as informer, `kubernetes.aio` for writes."""

import asyncio
import contextlib
import inspect
import pathlib

import kopf
import kubernetes.aio.client as k8s
import kubernetes.aio.config
import pytest

from tests.lab.tests.kube.conftest import thing

GROUP, VERSION, PLURAL = "parity.dev", "v1", "things"


@pytest.fixture
def namespace(things):
    return things.split("/")[-2]


@pytest.fixture
def place(namespace):
    return (GROUP, VERSION, namespace, PLURAL)


@pytest.fixture
async def client(api):
    configuration = k8s.Configuration()
    await kubernetes.aio.config.load_kube_config(str(api.kubeconfig), client_configuration=configuration)
    async with k8s.ApiClient(configuration) as client:
        yield client


@pytest.fixture
def custom(client):
    return k8s.CustomObjectsApi(client)


@contextlib.asynccontextmanager
async def operator(kubeconfig: pathlib.Path, registry: kopf.OperatorRegistry, namespace: str):
    """Run kopf until the block ends."""

    @kopf.on.login(registry=registry)
    def login(**kwargs):
        return kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.startup(registry=registry)
    def configure(settings, **_):
        settings.watching.inactivity_timeout = 1
        settings.persistence.finalizer = "parity.dev/finalizer"

    stop, ready = asyncio.Event(), asyncio.Event()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KUBECONFIG", str(kubeconfig))
        running = asyncio.create_task(
            kopf.operator(registry=registry, standalone=True, namespaces=[namespace], stop_flag=stop, ready_flag=ready)
        )
        try:
            await asyncio.wait_for(ready.wait(), 10)
            yield
        finally:
            stop.set()
            await asyncio.wait_for(running, 15)


async def until(condition):
    """Return what `condition` returns, or what it awaits to, once that is true."""
    async with asyncio.timeout(10):
        while True:
            result = condition()
            if inspect.isawaitable(result):
                result = await result
            if result:
                return result
            await asyncio.sleep(0.02)


async def test_kopf_lists_and_watches_and_posts_events(api, custom, client, namespace, place):
    registry, seen = kopf.OperatorRegistry(), []

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def notice(event, name, body, **_):
        seen.append((event["type"], name))
        if event["type"] == "ADDED":
            kopf.event(body, type="Normal", reason="Seen", message="hello")

    await custom.create_namespaced_custom_object(*place, thing("early", spec={}))
    async with operator(api.kubeconfig, registry, namespace):
        await until(lambda: (None, "early") in seen)
        await custom.create_namespaced_custom_object(*place, thing("late", spec={}))
        await until(lambda: ("ADDED", "late") in seen)
        await custom.delete_namespaced_custom_object(*place, "late")
        await until(lambda: ("DELETED", "late") in seen)
        core = k8s.CoreV1Api(client)

        async def posted():
            return (await core.list_namespaced_event(namespace)).items

        events = await until(posted)
    assert [(event.reason, event.involved_object.name) for event in events] == [("Seen", "late")]


async def test_kopf_holds_an_object_with_its_finalizer_until_it_is_handled(api, custom, namespace, place):
    registry, deleted = kopf.OperatorRegistry(), []

    @kopf.on.delete(GROUP, VERSION, PLURAL, registry=registry)
    async def clean(name, **_):
        deleted.append(name)

    async def items():
        return (await custom.list_namespaced_custom_object(*place))["items"]

    async def held():
        return (await items())[0]["metadata"].get("finalizers") == ["parity.dev/finalizer"]

    async def gone():
        return not await items()

    async with operator(api.kubeconfig, registry, namespace):
        await custom.create_namespaced_custom_object(*place, thing("a", spec={}))
        await until(held)
        await custom.delete_namespaced_custom_object(*place, "a")
        await until(gone)
    assert deleted == ["a"]


async def test_the_client_applies_status(custom, place):
    await custom.create_namespaced_custom_object(*place, thing("a", spec={}))
    desired = thing("a", status={"conditions": [{"type": "Ready", "status": "True"}]})
    answer = await custom.patch_namespaced_custom_object_status(
        *place, "a", desired, field_manager="op", force=True, _content_type="application/apply-patch+yaml"
    )
    assert answer["status"]["conditions"] == [{"type": "Ready", "status": "True"}]
    line = next(one for one in answer["metadata"]["managedFields"] if one["manager"] == "op")
    assert (line["operation"], line["subresource"]) == ("Apply", "status")


async def test_the_client_reads_typed_objects(client, namespace):
    core = k8s.CoreV1Api(client)
    await core.create_namespaced_secret(namespace, k8s.V1Secret(metadata={"name": "s"}, string_data={"a": "b"}))
    assert (await core.read_namespaced_secret("s", namespace)).data == {"a": "Yg=="}
    with pytest.raises(k8s.ApiException) as missing:
        await core.read_namespaced_secret("nope", namespace)
    assert missing.value.status == 404
