"""API servers under test, and a plain client for them: what goes over the wire is what the tests see."""

import asyncio
import base64
import contextlib
import json
import pathlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
import yaml

from acrcmk_lab.kube.http import server

JSON = "application/json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
AGENT = "tester/1"


@dataclass(frozen=True)
class Answer:
    """A response; `body` is decoded JSON where it is JSON."""

    code: int
    body: Any
    warnings: tuple[str, ...] = ()

    @property
    def meta(self) -> dict[str, Any]:
        return self.body["metadata"]


@dataclass(frozen=True)
class Api:
    """One server, reached as a client would reach it."""

    url: str
    token: str
    ca: pathlib.Path
    kubeconfig: pathlib.Path
    session: requests.Session = field(default_factory=requests.Session)

    @classmethod
    def of(cls, kubeconfig: pathlib.Path) -> "Api":
        """Read address, token and certificate authority from a kubeconfig."""
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        ca = kubeconfig.with_suffix(".pem")
        ca.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
        api = cls(cluster["server"], user["token"], ca, kubeconfig)
        api.session.trust_env = False
        return api

    def __call__(
        self, method: str, path: str, body: Any = None, *, content: str = JSON, accept: str = JSON, **query: str
    ) -> Answer:
        """Send a request; a body that is not text is sent as JSON."""
        answer = self._send(method, path, body, content=content, accept=accept, query=query)
        decoded = answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text
        warnings = answer.headers.get("Warning")
        return Answer(answer.status_code, decoded, (warnings,) if warnings else ())

    def _send(self, method, path, body, *, content, accept, query, **more):
        headers = {"Authorization": f"Bearer {self.token}", "Accept": accept, "User-Agent": AGENT}
        if body is not None:
            headers["Content-Type"] = content
        data = body if body is None or isinstance(body, str) else json.dumps(body)
        return self.session.request(
            method, self.url + path, data=data, headers=headers, params=query, verify=str(self.ca), timeout=15, **more
        )

    def do(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request that must succeed."""
        answer = self(method, path, body, **more)
        assert answer.code < 400, answer
        return answer

    @contextlib.contextmanager
    def watch(self, path: str, **query: str) -> Iterator[Iterator[dict[str, Any]]]:
        """Watch; yields the events as they come until the server ends the stream."""
        query = {"watch": "true", "timeoutSeconds": "5", **query}
        answer = self._send("GET", path, None, content=JSON, accept=JSON, query=query, stream=True)
        with contextlib.closing(answer):
            yield (json.loads(line) for line in answer.iter_lines() if line)


@contextlib.contextmanager
def embedded(directory: pathlib.Path, settings: server.Settings | None = None) -> Iterator[Api]:
    """Run the embedded server in a thread of its own."""
    kubeconfig = directory / "embedded.yaml"
    loop, started, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with server.KubeLab(settings or server.Settings()) as lab:
            lab.write_kubeconfig(kubeconfig)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield Api.of(kubeconfig)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def define(api: Api, definition: dict[str, Any]) -> None:
    """Create a definition and wait until it is served."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    api.do("POST", path, definition)
    spec = definition["spec"]
    served = f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}"
    for _ in range(100):
        if api("GET", served).code == 200:
            return
        time.sleep(0.1)
    raise AssertionError(f"{served} is not served")


def unordered(message):
    """Return a message with its several complaints sorted: the real server tells those about fields at random."""
    head, several, complaints = message.partition("errors:\n")
    if several:
        return head, sorted(complaints.splitlines())
    match = re.fullmatch(r"(.* is invalid: )\[(.*)\]", message, re.DOTALL)
    return (match[1], sorted(re.split(r", (?=[\w<.\[\]-]+: )", match[2]))) if match else message
