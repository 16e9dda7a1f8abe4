"""Formats of text fields: a pattern and a message each, checked by the API server and by the operator.

Azure's naming rules are those of the ARM type index and of the resource-name-rules document (azure-behaviour.md 4).
"""

import dataclasses
import re
from typing import Annotated, Any

import pydantic
from pydantic_core import PydanticCustomError, core_schema

_SUBSCRIPTION = "/subscriptions/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LETTERS = "\u00c0-\u024f\u0370-\u052f\u0590-\u1fff\u3040-\ud7a3"
"""Letters of other alphabets, which Azure allows in the names of resource groups.

As ranges, since the engines of the pattern have no common class for them.
"""
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/[a-z0-9_().{_LETTERS}-]{{0,89}}[a-z0-9_(){_LETTERS}-]"
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """Format of a text: metadata for `Annotated[str, ...]`.

    `pattern` matches the whole text, without anchors or alternatives at its top level, in the syntax that Go's RE2,
    CEL and Python's `re` have in common. `hint` completes the sentence "the field ...".
    """

    pattern: str
    hint: str
    max_length: int
    ignore_case: bool = False

    @property
    def anchored(self) -> str:
        """The pattern with anchors, since JSON schema and CEL search in the text."""
        return f"{'(?i)' if self.ignore_case else ''}^{self.pattern}$"

    def check(self, text: str) -> str:
        """Return the text; raise PydanticCustomError with the hint if it does not have the format."""
        flags = re.IGNORECASE | re.ASCII if self.ignore_case else re.ASCII
        if len(text) > self.max_length or not re.fullmatch(self.pattern, text, flags):
            raise PydanticCustomError("format", self.hint)
        return text

    def __get_pydantic_core_schema__(
        self, source: Any, handler: pydantic.GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, core: core_schema.CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return the pattern twice: `pattern` for offline validators, the CEL rule for its message, the hint."""
        rule = {"rule": f"self.matches(r'{self.anchored}')", "message": self.hint}
        return {
            **handler(core),
            "maxLength": self.max_length,
            "pattern": self.anchored,
            "x-kubernetes-validations": [rule],
        }


def _resource_id(example: str, tail: str) -> Format:
    return Format(
        pattern=f"{_GROUP}/providers/{tail}",
        hint=f"must be a full Azure resource id like /subscriptions/<id>/resourceGroups/<group>/providers/{example}",
        max_length=512,
        ignore_case=True,
    )


SubscriptionId = Annotated[
    str,
    Format(
        pattern="[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        hint="must be a subscription id: 32 hexadecimal digits as 8-4-4-4-12 (az account show --query id)",
        max_length=36,
    ),
]
ResourceGroupName = Annotated[
    str,
    Format(
        pattern=f"[A-Za-z0-9_().{_LETTERS}-]{{0,89}}[A-Za-z0-9_(){_LETTERS}-]",
        hint="must be 1 to 90 letters, digits and any of _ ( ) - . and must not end with a period",
        max_length=90,
    ),
]
Location = Annotated[
    str,
    Format(
        pattern="[A-Za-z0-9]+( [A-Za-z0-9]+)*",
        hint="must be an Azure region such as westeurope or West Europe (az account list-locations -o table)",
        max_length=64,
    ),
]
IdentityName = Annotated[
    str,
    Format(
        pattern="[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
        hint="must be 3 to 128 letters, digits, hyphens and underscores, and begin with a letter or digit",
        max_length=128,
    ),
]
VaultName = Annotated[
    str,
    Format(
        pattern="[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*",
        hint="must be 3 to 24 letters, digits and single hyphens, begin with a letter and end with a letter or digit",
        max_length=24,
    ),
    pydantic.Field(min_length=3),
]
KeyName = Annotated[
    str,
    Format(
        pattern="[A-Za-z0-9-]{1,127}",
        hint="must be 1 to 127 letters, digits and hyphens",
        max_length=127,
    ),
]
KeyVersion = Annotated[
    str,
    Format(
        pattern="[0-9a-fA-F]{32}",
        hint="must be a key version: 32 hexadecimal digits (the last part of the versioned key identifier)",
        max_length=32,
    ),
]
KeyUri = Annotated[
    str,
    Format(
        # Any domain and port, for the vaults of all clouds.
        pattern=r"https://[A-Za-z0-9-]{3,24}([.][A-Za-z0-9-]+)+(:[0-9]{1,5})?/keys/[A-Za-z0-9-]{1,127}(/[0-9a-fA-F]{32})?",
        hint="must be a key identifier like https://<vault>.vault.azure.net/keys/<key> or "
        "https://<vault>.vault.azure.net/keys/<key>/<version>",
        max_length=512,
    ),
]
RegistryName = Annotated[
    str,
    Format(
        pattern="[A-Za-z0-9]{5,50}",
        hint="must be 5 to 50 letters and digits",
        max_length=50,
    ),
]
IpRule = Annotated[
    str,
    Format(
        pattern=rf"({_OCTET}[.]){{3}}{_OCTET}(/(3[0-2]|[12]?[0-9]))?",
        hint="must be an IPv4 address or range in CIDR notation, such as 203.0.113.7 or 203.0.113.0/24",
        max_length=18,
    ),
]
IdentityId = Annotated[
    str,
    _resource_id(
        "Microsoft.ManagedIdentity/userAssignedIdentities/<name>",
        "Microsoft[.]ManagedIdentity/userAssignedIdentities/[a-z0-9][a-z0-9_-]{2,127}",
    ),
]
VaultId = Annotated[
    str,
    _resource_id(
        "Microsoft.KeyVault/vaults/<name>",
        "Microsoft[.]KeyVault/vaults/[a-z][a-z0-9-]{1,22}[a-z0-9]",
    ),
]
SubnetId = Annotated[
    str,
    _resource_id(
        "Microsoft.Network/virtualNetworks/<network>/subnets/<subnet>",
        "Microsoft[.]Network/virtualNetworks/[a-z0-9][a-z0-9_.-]{0,79}/subnets/[a-z0-9][a-z0-9_.-]{0,79}",
    ),
]
