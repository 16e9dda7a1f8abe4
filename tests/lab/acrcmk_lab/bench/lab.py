"""`acrcmk-lab bench-lab`: the throughput of the lab's Azure on one core, so that other benchmarks can rely on it."""

import argparse
import asyncio
import dataclasses
import itertools
import json
import os
import pathlib
import tempfile
import uuid
from collections.abc import Awaitable, Iterator, Mapping

import psutil

from acrcmk_lab import launch, processes
from acrcmk_lab.bench import load

HELP = """Requests per second of the lab's Azure on one core, and its memory.

Starts the lab as a process on a core of its own, makes registries by PUT (each with an identity, vault,
key and role assignment of its own), then reads them, over several TLS connections that are kept alive.
The client runs on the other cores; its load is measured too. The lab throttles nothing and its clock stands
still, so only processing is measured. The result is the best of five rounds, because other programs can only
slow it down. Prints a table, and as the last line one JSON object."""

GROUP = "bench"
LOCATION = "westeurope"
CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"
WARM_UP = 50
ROUNDS = 5
WRITE_SECONDS = 120.0
SWITCHES = {
    **dict.fromkeys(("read_tokens", "write_tokens"), 10**9),
    **dict.fromkeys(("dns_delay", "principal_replication", "rbac_propagation", "acr_operation"), 0),
}
"""No throttling and no latency: the lab's clock stands still."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Round:
    """One measured load; `busy` are the shares of one core that the lab and this client used, in percent."""

    per_second: float
    lab_busy: float
    client_busy: float

    @property
    def per_busy_second(self) -> float:
        """Requests per second of the lab's processor time, which other programs do not influence."""
        return round(100 * self.per_second / self.lab_busy) if self.lab_busy else 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figures:
    """The results: the best round of reads and of writes, and the growth of memory."""

    reads: Round
    writes: Round
    rss_mib_per_1000_registries: float

    def table(self) -> str:
        """Return the results as a table."""
        rows = (
            ("reads per second (goal: at least 1,500)", self.reads.per_second),
            ("  per second of the lab's processor time", self.reads.per_busy_second),
            ("  lab's core busy (%)", self.reads.lab_busy),
            ("  client's core busy (%)", self.reads.client_busy),
            ("writes per second", self.writes.per_second),
            ("  per second of the lab's processor time", self.writes.per_busy_second),
            ("  lab's core busy (%)", self.writes.lab_busy),
            ("  client's core busy (%)", self.writes.client_busy),
            ("memory per 1,000 registries (MiB)", self.rss_mib_per_1000_registries),
        )
        return "\n".join(f"  {label:<42}{value:>10,g}" for label, value in rows)

    def line(self) -> str:
        """Return the results as one line of JSON."""
        return json.dumps(
            {
                "reads_per_second": self.reads.per_second,
                "writes_per_second": self.writes.per_second,
                "rss_mib_per_1000_registries": self.rss_mib_per_1000_registries,
            }
        )


@dataclasses.dataclass(frozen=True)
class Site:
    """Where the resources are created, and the identity of all registries."""

    target: load.Target
    subscription: str
    tenant: str
    identity: Mapping[str, str]

    def writes(self, number: int) -> Iterator[bytes]:
        """Yield the PUTs of one registry and the resources that it needs, in their order."""
        yield self._put(self.user(number), "2024-11-30", {"location": LOCATION})
        vault = {"tenantId": self.tenant, "sku": {"family": "A", "name": "standard"}, "enablePurgeProtection": True}
        yield self._put(
            self.vault(number),
            "2026-02-01",
            {"location": LOCATION, "properties": {**vault, "enableRbacAuthorization": True}},
        )
        yield self._put(f"{self.vault(number)}/keys/key", "2026-02-01", {"properties": {"kty": "RSA", "keySize": 2048}})
        role = f"/subscriptions/{self.subscription}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}"
        principal = {"principalId": self.identity["principalId"], "principalType": "ServicePrincipal"}
        yield self._put(self.assignment(number), "2022-04-01", {"properties": {"roleDefinitionId": role, **principal}})
        yield self._put(self.registry(number), "2025-11-01", self._encrypted(number))

    def reads(self, numbers: range) -> Iterator[bytes]:
        """Yield GETs without end: four of a registry for one of each other type, as in steady state."""
        requests = [
            self._get(path, version)
            for number in numbers
            for path, version in (
                (self.registry(number), "2025-11-01"),
                (self.user(number), "2024-11-30"),
                (self.registry(number), "2025-11-01"),
                (self.vault(number), "2026-02-01"),
                (self.registry(number), "2025-11-01"),
                (f"{self.vault(number)}/keys/key", "2026-02-01"),
                (self.registry(number), "2025-11-01"),
                (self.assignment(number), "2022-04-01"),
            )
        ]
        return itertools.cycle(requests)

    def user(self, number: int) -> str:
        return self._path("Microsoft.ManagedIdentity/userAssignedIdentities", f"identity-{number}")

    def vault(self, number: int) -> str:
        return self._path("Microsoft.KeyVault/vaults", f"vault-{number}")

    def registry(self, number: int) -> str:
        return self._path("Microsoft.ContainerRegistry/registries", f"registry{number}")

    def assignment(self, number: int) -> str:
        return f"{self.vault(number)}/providers/Microsoft.Authorization/roleAssignments/{uuid.UUID(int=number + 1)}"

    def _encrypted(self, number: int) -> dict[str, object]:
        key = {
            "keyIdentifier": f"https://vault-{number}.vault.azure.net/keys/key",
            "identity": self.identity["clientId"],
        }
        return {
            "location": LOCATION,
            "sku": {"name": "Premium"},
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {self.identity["id"]: {}}},
            "properties": {"encryption": {"status": "enabled", "keyVaultProperties": key}},
        }

    def _path(self, kind: str, name: str) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{GROUP}/providers/{kind}/{name}"

    def _put(self, path: str, version: str, body: object) -> bytes:
        return self.target.request("PUT", f"{path}?api-version={version}", body)

    def _get(self, path: str, version: str) -> bytes:
        return self.target.request("GET", f"{path}?api-version={version}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--registries", type=int, default=1000, help="registries to make (%(default)s)")
    parser.add_argument("--connections", type=int, default=16, help="connections of the client (%(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to read (%(default)g)")


async def run(arguments: argparse.Namespace) -> int:
    """Measure once and print."""
    with (
        tempfile.TemporaryDirectory(prefix="acrcmk-bench-") as directory,
        processes.Children(pathlib.Path(directory)) as children,
    ):
        print(f"{arguments.registries} registries; then reads for {arguments.seconds:g} s ...", flush=True)
        measured = await measure(
            children,
            registries=arguments.registries,
            connections=arguments.connections,
            seconds=arguments.seconds,
        )
    print(measured.table())
    print(measured.line())
    return 0


async def measure(children: processes.Children, *, registries: int, connections: int, seconds: float) -> Figures:
    """Start the lab, write `registries`, then read them for `seconds`."""
    options = [f"--set={name}={value}" for name, value in SWITCHES.items()]
    server = launch.AzureServer.start(children, "--speed=0", f"--group={GROUP}:{LOCATION}", *options)
    _separate_cores(server.child.pid)
    environment = server.wait()
    assertion = await asyncio.to_thread(pathlib.Path(environment["AZURE_FEDERATED_TOKEN_FILE"]).read_text)
    site = await _sign_in(environment, assertion=assertion)
    process = psutil.Process(server.child.pid)
    await _write(site, range(WARM_UP), connections=connections)
    before, end = process.memory_info().rss, WARM_UP + registries
    writes = [
        await _timed(process, _write(site, range(first, end, ROUNDS), connections=connections))
        for first in range(WARM_UP, WARM_UP + ROUNDS)
    ]
    grown = process.memory_info().rss - before
    scripts = [site.reads(range(WARM_UP + first, end, connections)) for first in range(connections)]
    reads = [await _timed(process, site.target.run(scripts, seconds=seconds / ROUNDS)) for _ in range(ROUNDS)]
    return Figures(
        reads=max(reads, key=lambda timed: timed.per_second),
        writes=max(writes, key=lambda timed: timed.per_second),
        rss_mib_per_1000_registries=round(grown / 2**20 * 1000 / registries, 1),
    )


async def _timed(lab: psutil.Process, load_of: Awaitable[load.Outcome]) -> Round:
    """Run a load and measure the lab's processor time."""
    before = lab.cpu_times()
    outcome = await load_of
    after = lab.cpu_times()
    used = after.user + after.system - before.user - before.system
    return Round(
        per_second=round(outcome.per_second),
        lab_busy=round(100 * used / outcome.seconds),
        client_busy=round(100 * outcome.busy),
    )


async def _sign_in(environment: Mapping[str, str], *, assertion: str) -> Site:
    """Get a token as the operator does, and create the identity of all registries."""
    url, ca_file = environment["ACRCMK_RESOURCE_MANAGER"], environment["ACRCMK_CA_BUNDLE"]
    tenant, subscription = environment["AZURE_TENANT_ID"], environment["ACRCMK_SUBSCRIPTION_ID"]
    form = {
        "grant_type": "client_credentials",
        "client_id": environment["AZURE_CLIENT_ID"],
        "client_assertion": assertion,
        "scope": "https://management.azure.com/.default",
    }
    anonymous = load.Target(url, ca_file)
    token = await anonymous.send(anonymous.request("POST", f"/{tenant}/oauth2/v2.0/token", form=form))
    target = load.Target(url, ca_file, {"Authorization": f"Bearer {token.json()['access_token']}"})
    site = Site(target, subscription, tenant, identity={})
    shared = f"{site.user(0)}-shared?api-version=2024-11-30"
    identity = (await target.send(target.request("PUT", shared, {"location": LOCATION}))).json()
    return dataclasses.replace(site, identity={"id": identity["id"], **identity["properties"]})


async def _write(site: Site, numbers: range, *, connections: int) -> load.Outcome:
    """Create registries, one after another on each connection. Raises ResponseError if not all are created in time."""
    lists = [
        [request for number in numbers[first::connections] for request in site.writes(number)]
        for first in range(connections)
    ]
    outcome = await site.target.run(lists, seconds=WRITE_SECONDS)
    if outcome.requests < sum(map(len, lists)):
        raise load.ResponseError(f"only {outcome.requests} writes in {WRITE_SECONDS:g} s")
    return outcome


def _separate_cores(lab: int) -> None:
    """Run the lab on one core and this process on the others (Linux only)."""
    if hasattr(os, "sched_setaffinity"):
        *others, last = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(lab, {last})
        os.sched_setaffinity(0, set(others) or {last})
