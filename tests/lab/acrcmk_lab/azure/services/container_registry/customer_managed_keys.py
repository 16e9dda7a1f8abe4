"""Container Registry's rules on customer-managed keys: what it refuses, in its order of checks."""

import dataclasses

from acrcmk_lab.azure.arm import errors, ids
from acrcmk_lab.azure.arm.messages import AzureError, Body
from acrcmk_lab.azure.services.container_registry import models
from acrcmk_lab.azure.services.container_registry.models import Configuration, Encryption
from acrcmk_lab.azure.services.key_vault import access
from acrcmk_lab.azure.services.key_vault.access import Unreachable
from acrcmk_lab.azure.state.state import State


@dataclasses.dataclass(frozen=True, kw_only=True)
class Subject:
    """The registry that the errors speak of."""

    id: str
    name: str


def error(state: State, error_id: str, *, subject: Subject, **facts: str) -> AzureError:
    """Return a refusal whose code, where nobody has published it, is the switch's."""
    return errors.error(
        error_id,
        unsourced_code=state.settings.acr_unsourced_code,
        name=subject.name,
        sub=ids.subscription_of(subject.id),
        rg=ids.group_of(subject.id),
        **facts,
    )


def check_transition(
    state: State,
    *,
    subject: Subject,
    current: Configuration,
    body: Body,
    replace: bool,
) -> None:
    """Refuse what can never be done to an existing registry's encryption."""
    given = (body.get("properties") or {}).get("encryption")
    status = str((given or {}).get("status") or "").lower()
    if current.encryption is None:
        if status == "enabled":
            raise error(state, "ACR_CMK_ENABLE_EXISTING", subject=subject)
        return
    if status == "disabled":
        raise error(state, "ACR_CMK_DISABLE", subject=subject)
    if replace and not given and state.settings.acr_encryption_omitted == "reject":
        raise error(state, "ACR_CMK_DISABLE", subject=subject)
    if replace and given and state.settings.acr_full_resubmit == "reject":
        raise error(state, "ACR_FULL_RESUBMIT_ON_CMK", subject=subject)


def resolve(
    state: State,
    *,
    subject: Subject,
    configuration: Configuration,
    body: Body,
    current: Encryption | None,
) -> Encryption | None:
    """Return the encryption that a write leads to; refuses one that ACR would refuse.

    None if the write asks for none and there is none.
    """
    given = (body.get("properties") or {}).get("encryption") or {}
    wanted = given.get("keyVaultProperties") or {}
    if str(given.get("status") or "").lower() != "enabled":
        if current:
            _check(state, subject=subject, configuration=configuration, identity=current.identity)
        return current
    kid, identity = str(wanted.get("keyIdentifier") or ""), str(wanted.get("identity") or "")
    principal = _check(state, subject=subject, configuration=configuration, identity=identity)
    reached = access.reach(state, principal=principal, key_identifier=kid)
    if isinstance(reached, Unreachable):
        raise error(state, "ACR_KEY_ACCESS", subject=subject, kid=kid, clientId=identity)
    if not reached.version.kty.startswith("RSA"):
        raise error(state, "ACR_CMK_EC_KEY", subject=subject, kid=kid, kty=reached.version.kty)
    if not reached.vault.purge_protection and state.settings.acr_purge_protection == "reject":
        raise error(state, "ACR_NO_PURGE_PROTECTION", subject=subject, kid=kid)
    return _encryption(state, kid=kid, identity=identity, version=reached.version.version, current=current)


def _check(state: State, *, subject: Subject, configuration: Configuration, identity: str) -> str:
    """Check SKU, feature conflicts and identity; return the principal that reaches the key."""
    if configuration.sku != models.PREMIUM:
        raise error(state, "ACR_CMK_NON_PREMIUM", subject=subject)
    if configuration.properties["policies"]["trustPolicy"].get("status") == "enabled":
        raise error(state, "ACR_FEATURE_BLOCKED_BY_CMK", subject=subject, feature="ContenTrust")
    principal = configuration.identities.principal(identity)
    if principal is None:
        raise error(state, "ACR_IDENTITY_ACCESS", subject=subject, clientId=identity)
    return principal


def _encryption(
    state: State,
    *,
    kid: str,
    identity: str,
    version: str,
    current: Encryption | None,
) -> Encryption:
    """Recorded: `lastKeyRotationTimestamp` is absent until the first change of the key."""
    wanted = Encryption(
        key_identifier=kid,
        versioned=versioned(kid, version=version),
        identity=identity,
        rotated=current.rotated if current else None,
    )
    if current and wanted != current:
        wanted = dataclasses.replace(wanted, rotated=state.clock.now())
    return wanted


def versioned(key_identifier: str, *, version: str) -> str:
    """Return the identifier of one version of a key; a versioned identifier as it was given."""
    bare = key_identifier.rstrip("/")
    return bare if bare.lower().endswith(f"/{version}") else f"{bare}/{version}"
