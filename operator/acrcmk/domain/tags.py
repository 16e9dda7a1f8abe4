"""Which tags a key can take."""

from acrcmk import api
from acrcmk.domain import ids
from acrcmk.domain.resources import Tags

MOST_KEY_TAGS = 15
"""Tags that Key Vault accepts on a key; other resources take 50.

https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates
"""


def key_tags(tags: Tags, owner_tag: str) -> dict[str, str]:
    """Return the owner tag with the value `owner_tag`, then at most 14 other tags, sorted by name.

    With more than that Key Vault refuses the key: 400 BadParameter "Property has invalid value"
    (https://github.com/hashicorp/terraform-provider-azurerm/issues/16780). Names are compared without regard to case.
    """
    others = sorted((name for name in tags if not ids.equal(name, api.OWNER_TAG)), key=str.casefold)
    return {api.OWNER_TAG: owner_tag, **{name: tags[name] for name in others[: MOST_KEY_TAGS - 1]}}
