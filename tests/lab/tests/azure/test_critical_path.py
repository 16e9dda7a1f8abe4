import json

import pytest

from acrcmk_lab.azure import critical_path
from acrcmk_lab.azure.state.request_log import DelayRecord, Log, RequestRecord

GROUP = "/subscriptions/s/resourceGroups/rg"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
GRANT = f"{VAULT}/providers/Microsoft.Authorization/roleAssignments/g"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/r"


def put(path, *, seconds=1.0, time=0.0, status=200):
    return RequestRecord(
        time=time,
        seconds=seconds,
        method="PUT",
        path=path,
        api_version="v",
        kind="write",
        service="arm",
        status=status,
        code=None,
        principal="operator",
        correlation_id="c",
    )


def delay(kind, resource, *, seconds, start=0.0):
    return DelayRecord(kind=kind, resource=resource, start=start, end=start + seconds)


def making(*, dns=10.0, rbac=60.0, identity=0.5):
    return [
        put(IDENTITY, seconds=identity, status=201),
        put(VAULT),
        delay("dns", VAULT, seconds=dns),
        put(f"{VAULT}/keys/k"),
        put(GRANT, status=201),
        delay("rbac", GRANT, seconds=rbac),
        put(REGISTRY, seconds=2, status=400),
        put(REGISTRY, seconds=7, status=201),
        delay("acr_operation", REGISTRY, seconds=10),
    ]


def names(log):
    return [step.name for step in critical_path.longest(log).steps]


@pytest.mark.parametrize(
    ("log", "chain", "seconds"),
    [
        (making(), ["vault", "grant", "propagation", "registry", "operation"], 1 + 1 + 60 + 7 + 10),
        (making(rbac=0), ["vault", "dns", "key", "registry", "operation"], 1 + 10 + 1 + 7 + 10),
        (making(identity=5), ["identity", "grant", "propagation", "registry", "operation"], 5 + 1 + 60 + 7 + 10),
        ([put(GROUP, seconds=2), *making()], ["group", "vault", "grant", "propagation", "registry", "operation"], 81),
        ([], [], 0),
    ],
    ids=["propagation rules", "the vault's name rules", "a slow identity rules", "with the group", "nothing happened"],
)
def test_the_longest_chain_and_only_it_is_the_path(log, chain, seconds):
    assert names(log) == chain
    assert critical_path.seconds(log) == seconds


def test_an_access_policy_propagates_from_its_own_write_and_not_from_the_vault_s():
    log = [
        put(VAULT),
        delay("policy", VAULT, seconds=5),
        delay("dns", VAULT, seconds=1),
        put(f"{VAULT}/accessPolicies/add"),
        delay("policy", VAULT, seconds=5, start=20),
        put(REGISTRY, seconds=7),
    ]
    assert names(log) == ["vault", "grant", "propagation", "registry"]
    assert critical_path.seconds(log) == 1 + 1 + 5 + 7


def test_a_log_read_back_from_its_file_gives_the_same_path(tmp_path):
    file = tmp_path / "log"
    with file.open("w") as stream:
        log = Log(stream)
        for record in making():
            log.add(record)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert critical_path.longest(lines) == critical_path.longest(making())
