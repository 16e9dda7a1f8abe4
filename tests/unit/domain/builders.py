"""An object and Azure resources that match it, for tests to change."""

import dataclasses
import datetime
from typing import Any

from acrcmk import api
from acrcmk.api import spec as specs
from acrcmk.api import status as statuses
from acrcmk.api.conditions import Condition
from acrcmk.domain import ids, resolve, resources
from acrcmk.domain.desired import Defaults, Desired, EncryptedRegistry
from acrcmk.domain.ids import KeyIdentifier, ResourceId
from acrcmk.domain.observed import Observed

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
TENANT = "22222222-2222-2222-2222-222222222222"
CLIENT = "33333333-3333-3333-3333-333333333333"
PRINCIPAL = "44444444-4444-4444-4444-444444444444"
OWNER = "cluster/team-a/images"
NOW = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
VERSION_1 = "a" * 32
VERSION_2 = "b" * 32
KEY_URI = "https://kv-images.vault.azure.net/keys/acr-cmk"


def new_spec(**fields: Any) -> specs.EncryptedRegistrySpec:
    wire = {
        "resourceGroup": "rg",
        "location": "westeurope",
        "vault": {"name": "kv-images"},
        "registry": {"name": "teamaimages"},
        **fields,
    }
    return specs.EncryptedRegistrySpec.model_validate(wire)


def encrypted_registry(
    *,
    spec: specs.EncryptedRegistrySpec | None = None,
    status: statuses.EncryptedRegistryStatus | None = None,
    subscription: str | None = SUBSCRIPTION,
) -> EncryptedRegistry:
    return EncryptedRegistry(
        namespace="team-a",
        name="images",
        spec=spec or new_spec(),
        status=status or statuses.EncryptedRegistryStatus(),
        defaults=Defaults(
            subscription=subscription,
            tenant=TENANT,
            cluster="cluster",
            access_budget=datetime.timedelta(minutes=15),
            grant_delay=datetime.timedelta(minutes=1),
            resync=datetime.timedelta(minutes=10),
        ),
        now=NOW,
    )


NOTHING = resolve.Observed()


def desired(*, status: statuses.EncryptedRegistryStatus | None = None, **fields: Any) -> Desired:
    registry = encrypted_registry(spec=new_spec(**fields), status=status)
    resolved = resolve.from_azure(registry, SUBSCRIPTION, NOTHING)
    assert isinstance(resolved, Desired)
    return resolved


def observed(**changes: Any) -> Observed:
    """Return what is observed of an object that is Ready, with `changes`."""
    fields = {
        "registry": registry(),
        "identity": identity(),
        "vault": vault(),
        "assignments": (assignment(),),
        "key": key(),
        "key_identifier": KeyIdentifier.parse(KEY_URI),
        "target_version": key(),
        "version_in_use": key(),
    }
    return Observed(**{**fields, **changes})


def condition(kind: str, status: str, *, since: datetime.datetime = NOW, reason: str = "Succeeded") -> Condition:
    return Condition(type=kind, status=status, reason=reason, message="", last_transition_time=since)


REGISTRY_ID = ids.registry_id("teamaimages", subscription=SUBSCRIPTION, group="rg")
IDENTITY_ID = ids.identity_id("images-acr", subscription=SUBSCRIPTION, group="rg")
VAULT_ID = ids.vault_id("kv-images", subscription=SUBSCRIPTION, group="rg")
OWN_TAGS = {api.OWNER_TAG: OWNER}


def identity(**changes: Any) -> resources.Identity:
    return dataclasses.replace(
        resources.Identity(id=IDENTITY_ID, client_id=CLIENT, principal_id=PRINCIPAL, tags=OWN_TAGS), **changes
    )


def vault(**changes: Any) -> resources.Vault:
    return dataclasses.replace(
        resources.Vault(
            id=VAULT_ID,
            uri="https://kv-images.vault.azure.net/",
            tenant_id=TENANT,
            provisioning_state="Succeeded",
            location="westeurope",
            tags=OWN_TAGS,
            sku="standard",
            rbac=True,
            purge_protection=True,
            retention_days=90,
            firewall=resources.OPEN,
            public_network_access="Enabled",
            policies=(),
        ),
        **changes,
    )


def assignment(**changes: Any) -> resources.RoleAssignment:
    role = ids.role_definition_id(subscription=SUBSCRIPTION, role=ids.CRYPTO_SERVICE_ENCRYPTION_USER)
    return dataclasses.replace(
        resources.RoleAssignment(name="guid", principal_id=PRINCIPAL, role_definition_id=role), **changes
    )


def key(*, version: str = VERSION_1, **changes: Any) -> resources.Key:
    return dataclasses.replace(
        resources.Key(
            identifier=KeyIdentifier.parse(f"{KEY_URI}/{version}"),
            type="RSA",
            size=2048,
            operations=frozenset({"encrypt", "decrypt", "sign", "verify", "wrapkey", "unwrapkey"}),
            enabled=True,
            created=NOW,
            not_before=None,
            expires=None,
            tags=OWN_TAGS,
        ),
        **changes,
    )


def encryption(**changes: Any) -> resources.Encryption:
    return dataclasses.replace(
        resources.Encryption(
            status="enabled",
            identity=CLIENT,
            key_identifier=KEY_URI,
            versioned_key_identifier=f"{KEY_URI}/{VERSION_1}",
            key_rotation_enabled=True,
        ),
        **changes,
    )


def registry(**changes: Any) -> resources.Registry:
    attached: dict[ResourceId, str] = {IDENTITY_ID: CLIENT}
    return dataclasses.replace(
        resources.Registry(
            id=REGISTRY_ID,
            login_server="teamaimages.azurecr.io",
            provisioning_state="Succeeded",
            location="westeurope",
            tags=OWN_TAGS,
            sku="Premium",
            identity_type="userAssigned",
            identities=attached,
            encryption=encryption(),
            settings=resources.RegistrySettings(
                admin_user_enabled=False,
                anonymous_pull_enabled=False,
                data_endpoint_enabled=False,
                public_network_access="Enabled",
                network_rule_bypass="AzureServices",
                network_default_action="Allow",
                ip_rules=frozenset(),
                export_enabled=True,
                quarantine_enabled=False,
            ),
        ),
        **changes,
    )
