"""Azure as a test sees it: Resource Manager calls of its own, the lab's control API, and the lab's request log."""

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator
from typing import Any

import requests

from acrcmk_lab import launch, processes

LOCATION = "westeurope"
SPEED = 60.0
"""Azure's seconds per second: a registry with all around it takes about 90 s of Azure's time."""

VERSIONS = {
    "Microsoft.ManagedIdentity": "2024-11-30",
    "Microsoft.KeyVault": "2026-02-01",
    "Microsoft.Authorization": "2022-04-01",
    "Microsoft.ContainerRegistry": "2025-11-01",
}
RESOURCES_VERSION = "2021-04-01"
OURS = "5747a9e4-0000-4000-8000-000000000001"
"""Correlation id of the tests' own calls, by which the log tells them from the operator's."""


@dataclasses.dataclass(frozen=True)
class Call:
    """One call that the operator made; `path` is in lower case, `kind` read, write or delete."""

    method: str
    path: str
    kind: str
    status: int

    @property
    def accepted(self) -> bool:
        return self.status < 400

    @property
    def writes(self) -> bool:
        return self.kind != "read"


@dataclasses.dataclass(frozen=True)
class Azure:
    """The running lab, and a client of its own beside the operator's."""

    server: launch.AzureServer
    environment: dict[str, str]
    session: requests.Session

    @classmethod
    def start(cls, children: processes.Children, *, speed: float = SPEED) -> "Azure":
        """Start the lab."""
        server = launch.AzureServer.start(children, "--speed", f"{speed:g}")
        environment = server.wait()
        return cls(server=server, environment=environment, session=_login(environment))

    @property
    def url(self) -> str:
        return self.environment["ACRCMK_RESOURCE_MANAGER"]

    @property
    def subscription(self) -> str:
        return self.environment["ACRCMK_SUBSCRIPTION_ID"]

    @property
    def tenant(self) -> str:
        return self.environment["AZURE_TENANT_ID"]

    def call(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        """Call Resource Manager as somebody else than the operator would."""
        provider = path.rpartition("/providers/")[2].partition("/")[0]
        query = {"api-version": VERSIONS.get(provider, RESOURCES_VERSION), **query}
        return self.session.request(method, self.url + path, params=query, json=body, timeout=30)

    def get(self, path: str, **query: str) -> dict[str, Any] | None:
        """Read a resource or a list; None when it does not exist."""
        answer = self.call("GET", path, **query)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.json()

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create or replace a resource."""
        answer = self.call("PUT", path, body)
        answer.raise_for_status()
        return answer.json()

    def patch(self, path: str, body: dict[str, Any]) -> None:
        """Change a resource."""
        self.call("PATCH", path, body).raise_for_status()

    def role_assignments(self, scope: str, principal: str) -> list[dict[str, Any]]:
        """Return the role assignments of a principal at a scope."""
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments"
        return self.get(path, **{"$filter": f"principalId eq '{principal}'"})["value"]

    def calls(self, path: str = "") -> list[Call]:
        """Return the operator's calls so far, in the order of their answers, with `path` in their path."""
        return [
            Call(method=one["method"], path=one["path"].casefold(), kind=one["kind"], status=one["status"])
            for one in self.server.requests()
            if one["correlation_id"] != OURS and path.casefold() in one["path"].casefold()
        ]

    def now(self) -> float:
        """Return Azure's time, in seconds since the lab began."""
        return self.look("clock")["now"]

    @contextlib.contextmanager
    def switched(self, **switches: str) -> Iterator[None]:
        """Set some of the lab's delays and switches for a while."""
        before = {name: value for name, value, _ in self.look("settings") if name in switches}
        self.control("set", **switches)
        try:
            yield
        finally:
            self.control("set", **before)

    @contextlib.contextmanager
    def failing(self, *, method: str, status: int) -> Iterator[None]:
        """Let every call of this method be answered with an error for a while."""
        self.control("fault", match={"method": method}, status=status, times=0)
        try:
            yield
        finally:
            self.control("clear_faults")

    def look(self, what: str) -> Any:
        """Look at the lab without changing it."""
        answer = self.session.get(f"{self.url}/_sim/{what}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def control(self, command: str, **arguments: Any) -> None:
        """Tell the lab something that only the lab can do."""
        self.session.post(f"{self.url}/_sim/{command}", json=arguments, timeout=30).raise_for_status()


def _login(environment: dict[str, str]) -> requests.Session:
    """Return a session with a token of the lab's Entra endpoint, asked for as workload identity does."""
    session = requests.Session()
    session.trust_env = False  # no proxy, and no CA bundle of the environment before ours
    session.verify = environment["ACRCMK_CA_BUNDLE"]
    answer = session.post(
        f"{environment['AZURE_AUTHORITY_HOST']}/{environment['AZURE_TENANT_ID']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": environment["AZURE_CLIENT_ID"],
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": pathlib.Path(environment["AZURE_FEDERATED_TOKEN_FILE"]).read_text(),
            "scope": "https://management.azure.com/.default",
        },
        timeout=30,
    )
    answer.raise_for_status()
    session.headers["x-ms-correlation-request-id"] = OURS
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return session
