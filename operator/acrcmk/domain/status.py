"""What a pass saw, as status fields. What was not looked at stays as it was reported."""

from typing import Any, TypeVar

from acrcmk.api import status as statuses
from acrcmk.api.conditions import ConditionType
from acrcmk.domain import access, currency, key, names, registry, resources, steps
from acrcmk.domain.subject import Subject

Kind = TypeVar("Kind")


def ours(found: statuses.EncryptedRegistryStatus) -> statuses.EncryptedRegistryStatus:
    """Leave out the conditions that other controllers put on the object: to apply them would make them ours."""
    known = tuple(one for one in found.conditions if one.type in set(ConditionType))
    return found.model_copy(update={"conditions": known})


def pins(subject: Subject) -> statuses.EncryptedRegistryStatus:
    """Return the last status with what the object stands for pinned in it; written before the first Azure write."""
    before = subject.status
    identity = before.identity
    if identity is None or not names.same(identity.id, str(subject.identity_id)):
        identity = statuses.IdentityStatus(id=str(subject.identity_id))
    vault = before.vault
    if vault is None or not names.same(vault.id, str(subject.vault_id)):
        vault = statuses.VaultStatus(id=str(subject.vault_id))
    known = before.key if before.key and names.same(before.key.name, subject.key_name) else None
    return before.model_copy(
        update={
            "identity": identity,
            "vault": vault,
            "key": known or statuses.KeyStatus(name=subject.key_name),
            "registry": before.registry or statuses.RegistryStatus(id=str(subject.registry_id)),
        }
    )


def status(subject: Subject, results: steps.Results) -> statuses.EncryptedRegistryStatus:
    """Return the status fields that the results tell; conditions are added by the caller."""
    told: dict[str, Any] = {}
    grant = _observed(results, "access", access.Observed)
    if grant and grant.identity:
        told["identity"] = _identity(grant.identity)
    if grant and grant.vault:
        told["vault"] = statuses.VaultStatus(id=str(grant.vault.id), uri=grant.vault.uri)
    the_key = _observed(results, "key", key.Observed)
    used = _observed(results, "currency", currency.Observed)
    if the_key and the_key.current and the_key.identifier:
        told["key"] = _key(subject, the_key, used)
    found = _observed(results, "registry", registry.Observed)
    if found and found.registry:
        told.update(_registry(found.registry))
    return pins(subject).model_copy(update=told)


def _observed(results: steps.Results, step: str, kind: type[Kind]) -> Kind | None:
    observed = results[step].observed if step in results else None
    return observed if isinstance(observed, kind) else None


def _identity(found: resources.Identity) -> statuses.IdentityStatus:
    return statuses.IdentityStatus(id=str(found.id), client_id=found.client_id, principal_id=found.principal_id)


def _key(subject: Subject, observed: key.Observed, used: currency.Observed | None) -> statuses.KeyStatus:
    """Tell the version that the registry uses; before there is one, the version that it is to be given."""
    shown = (used.used if used else None) or observed.used or observed.current
    version = shown.identifier.version if shown else None
    return statuses.KeyStatus(
        name=subject.key_name,
        identifier=str(observed.identifier),
        version=version,
        rotation="Automatic" if observed.identifier and observed.identifier.version is None else "Manual",
        created=shown.created if shown else None,
        expires=shown.expires if shown else None,
        enabled=shown.enabled if shown else None,
    )


def _registry(found: resources.Registry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "registry": statuses.RegistryStatus(
            id=str(found.id), login_server=found.login_server, provisioning_state=found.provisioning_state
        )
    }
    if found.succeeded:
        told["encryption"] = _encryption(found.encryption)
    return told


def _encryption(found: resources.Encryption) -> statuses.EncryptionStatus:
    properties = None
    if found.key_identifier:
        properties = statuses.KeyVaultProperties(
            identity=found.identity,
            key_identifier=found.key_identifier,
            versioned_key_identifier=found.versioned_key_identifier,
            key_rotation_enabled=found.key_rotation_enabled,
            last_key_rotation_timestamp=found.last_key_rotation,
        )
    return statuses.EncryptionStatus(status=found.status, key_vault_properties=properties)
