"""The table of steps. To add a step: write its module with `observe` and `decide`, and give it a row in `STEPS`."""

from acrcmk.api.conditions import ConditionType
from acrcmk.domain.steps import access, encryption, existing, group, identity, key, registry, rotation, vault
from acrcmk.domain.steps.step import Step

STEPS = (
    Step(
        name="existing",
        conditions=(ConditionType.REGISTRY_READY,),
        observe=existing.observe,
        decide=existing.decide,
    ),
    Step(
        name="group",
        conditions=(ConditionType.IDENTITY_READY, ConditionType.VAULT_READY),
        needs=("existing",),
        observe=group.observe,
        decide=group.decide,
    ),
    Step(
        name="identity",
        conditions=(ConditionType.IDENTITY_READY,),
        needs=("group",),
        observe=identity.observe,
        decide=identity.decide,
    ),
    Step(
        name="vault",
        conditions=(ConditionType.VAULT_READY,),
        needs=("group",),
        observe=vault.observe,
        decide=vault.decide,
    ),
    Step(
        name="access",
        conditions=(ConditionType.VAULT_ACCESS_READY,),
        needs=("identity", "vault"),
        observe=access.observe,
        decide=access.decide,
    ),
    Step(
        name="key",
        conditions=(ConditionType.KEY_READY,),
        needs=("vault",),
        observe=key.observe,
        decide=key.decide,
    ),
    Step(
        name="registry",
        conditions=(ConditionType.REGISTRY_READY,),
        needs=("access", "key"),
        observe=registry.observe,
        decide=registry.decide,
        explain=registry.explain,
    ),
    Step(
        name="encryption",
        conditions=(ConditionType.ENCRYPTION_READY,),
        needs=("registry",),
        decide=encryption.decide,
    ),
    Step(
        name="rotation",
        conditions=(ConditionType.KEY_CURRENT,),
        needs=("registry",),
        decide=rotation.decide,
        informational=True,
    ),
)
