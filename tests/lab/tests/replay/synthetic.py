"""Synthetic recordings: written by hand, or recorded from a lab with another seed in place of Azure."""

import copy
import email.utils
import json
import urllib.parse
import uuid

from acrcmk_lab.azure.arm.messages import Request
from acrcmk_lab.azure.cloud import Cloud
from acrcmk_lab.azure.state import rbac
from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.directory import Principal
from acrcmk_lab.azure.state.rbac import Grant
from acrcmk_lab.azure.state.request_log import Log
from acrcmk_lab.azure.state.settings import Settings
from acrcmk_lab.replay import recordings
from acrcmk_lab.replay.recordings import Recording

ARM = "https://management.azure.com"
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/vault-one"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/registry1"
KEYS = "https://vault-one.vault.azure.net/keys"
CLIENT = str(uuid.UUID(int=7, version=4))


def exchange(method, url, status, response_body=None, *, request_body=None, at=None, **headers):
    """Return one exchange; `at` are seconds after noon of a day in 2024."""
    if response_body is not None:
        headers.setdefault("content-type", "application/json; charset=utf-8")
    if at is not None:
        headers["date"] = f"Wed, 26 Jun 2024 12:{at // 60:02}:{at % 60:02} GMT"
    return {
        "request": {"method": method, "uri": url, "body": request_body},
        "response": {
            "status": status,
            "headers": {k.replace("_", "-"): v for k, v in headers.items()},
            "body": response_body,
        },
    }


def arm(path, version="2023-01-31"):
    """Return the URL of a resource."""
    return f"{ARM}{path}?api-version={version}"


def recording(*entries, name="synthetic"):
    """Return the recording of some exchanges."""
    return Recording(name=name, exchanges=tuple(recordings.parse(list(entries), name=name)))


def mutated(entries, number, change):
    """Return a copy of the exchanges with one answer changed; `change` gets it."""
    result = copy.deepcopy(entries)
    change(result[number]["response"])
    return result


class Recorder:
    """A client of a lab that records every exchange."""

    def __init__(self, *, seed=1, day=None, **overrides):
        settings = Settings.without_latency()
        for name, value in {"rbac_propagation": "0", "policy_propagation": "0", **overrides}.items():
            settings.set(name, value=value)
        self.clock = Clock(epoch=day)
        self.cloud = Cloud(time=self.clock, settings=settings, log=Log(), seed=seed)
        self.cloud.state.url = ARM
        self.cloud.add_subscription(SUBSCRIPTION)
        self.caller = Principal(object_id=CLIENT, client_id=str(uuid.UUID(int=8, version=4)))
        self.cloud.state.directory.add(self.caller)
        owner = Grant(principal=CLIENT, role=rbac.definitions()[rbac.OWNER], scope="/")
        self.cloud.state.access.grant(owner)
        self.entries = []

    async def call(self, method, url, body=None, *, token=True):
        """Send a request, record the exchange, return the response."""
        parts = urllib.parse.urlsplit(url)
        bearer = self.cloud.tokens.issue(self.caller, audience="https://vault.azure.net") if token else ""
        request = Request(
            method=method,
            path=urllib.parse.unquote(parts.path),
            query=dict(urllib.parse.parse_qsl(parts.query)),
            headers={"authorization": f"Bearer {bearer}"} if token else {},
            body=body,
            host=parts.hostname,
        )
        response = await self.cloud.respond(request)
        headers = {name.lower(): value for name, value in response.headers.items()}
        headers["date"] = email.utils.format_datetime(self.clock.utc().replace(microsecond=0), usegmt=True)
        if response.body is not None:
            headers["content-type"] = "application/json; charset=utf-8"
        self.entries.append(
            {
                "request": {"method": method, "uri": url, "body": body},
                "response": {
                    "status": response.status,
                    "headers": headers,
                    "body": json.loads(json.dumps(response.body)),
                },
            }
        )
        return response

    async def wait(self, seconds):
        await self.clock.advance(seconds)


async def recorded_encryption(**settings):
    """Record the creation of an encrypted registry with all it needs, and a change of its key; return the exchanges."""
    recorder = Recorder(**settings)
    await recorder.call("PUT", arm(GROUP, "2021-04-01"), {"location": "westus"})
    identity = await recorder.call("PUT", arm(IDENTITY), {"location": "westus"})
    client_id, principal_id = identity.body["properties"]["clientId"], identity.body["properties"]["principalId"]
    await recorder.wait(2)
    policies = [_policy(recorder, CLIENT, "all"), _policy(recorder, principal_id, "get", "wrapKey", "unwrapKey")]
    properties = {
        "tenantId": recorder.cloud.state.tenant_id,
        "sku": {"family": "A", "name": "standard"},
        "accessPolicies": policies,
        "enablePurgeProtection": True,
        "softDeleteRetentionInDays": 7,
    }
    await recorder.call("PUT", arm(VAULT, "2023-02-01"), {"location": "westus", "properties": properties})
    await recorder.wait(30)
    await recorder.call("GET", arm(VAULT, "2023-02-01"))
    create = f"{KEYS}/key1/create?api-version=7.4"
    await recorder.call("POST", create, token=False)
    key = await recorder.call("POST", create, {"kty": "RSA", "attributes": {"enabled": True}})
    await recorder.wait(3)
    encryption = _encryption(key.body["key"]["kid"], client_id)
    body = {
        "location": "westus",
        "sku": {"name": "Premium"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
        "properties": {"encryption": encryption},
    }
    await _write_and_poll(recorder, "PUT", body)
    new_key = await recorder.call("POST", f"{KEYS}/key2/create?api-version=7.4", {"kty": "RSA"})
    await _write_and_poll(
        recorder, "PATCH", {"properties": {"encryption": _encryption(new_key.body["key"]["kid"], client_id)}}
    )
    return recorder.entries


def _policy(recorder, object_id, *keys):
    return {"tenantId": recorder.cloud.state.tenant_id, "objectId": object_id, "permissions": {"keys": list(keys)}}


def _encryption(kid, client_id):
    return {"status": "enabled", "keyVaultProperties": {"keyIdentifier": kid, "identity": client_id}}


async def _write_and_poll(recorder, method, body):
    """Write to the registry and poll its operation until it succeeds, as the CLI does."""
    response = await recorder.call(method, arm(REGISTRY, "2023-07-01"), body)
    poll = response.headers.get("azure-asyncoperation")
    while poll and (await recorder.call("GET", poll)).body["status"] != "Succeeded":
        await recorder.wait(10)
    await recorder.call("GET", arm(REGISTRY, "2023-07-01"))
