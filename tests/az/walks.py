"""The ways through the guide: by hand with `az`, and with one object of the operator's, name by name the same."""

import dataclasses
import itertools
import pathlib
from typing import Any

from tests.support import azurelab

SCRIPT = pathlib.Path(__file__).with_name("guide.sh")


@dataclasses.dataclass(frozen=True)
class Names:
    """What the guide leaves open; the fields are the variables of the script."""

    group: str
    identity: str
    vault: str
    key: str
    registry: str


@dataclasses.dataclass(frozen=True)
class Way:
    """One choice among the guide's options; the words are the script's."""

    access: str
    rotation: str

    def __str__(self) -> str:
        return f"{self.access}-{self.rotation}"

    def names(self, maker: str) -> Names:
        """Return the names of what `maker` makes: vaults and registries share one space of names."""
        return Names(
            group=f"rg-{maker}-{self}",
            identity=f"id-{maker}-{self}",
            vault=f"kv-{maker}-{self}",
            key=f"key-{maker}-{self}",
            registry=f"acr{maker}{self.access}{self.rotation}",
        )

    def script(self) -> dict[str, str]:
        """Return the environment of the script."""
        return {**dataclasses.asdict(self.names("az")), **dataclasses.asdict(self), "location": azurelab.LOCATION}

    def spec(self) -> dict[str, Any]:
        """Return the spec of the object that means the same."""
        names = self.names("op")
        return {
            "resourceGroup": names.group,
            "location": azurelab.LOCATION,
            "identity": {"name": names.identity},
            "vault": {"name": names.vault, "access": {"rbac": "RBAC", "policy": "AccessPolicy"}[self.access]},
            "key": {"name": names.key, "rotation": {"mode": self.rotation.capitalize()}},
            "registry": {"name": names.registry},
        }


WAYS = [Way(*words) for words in itertools.product(("rbac", "policy"), ("automatic", "manual"))]
