"""One test's corner of the world: a namespace and a resource group of its own, and names nobody else uses."""

import dataclasses
from typing import Any

from acrcmk_lab.kubectl import Kubectl
from tests.support import azurelab, encreg, waiting


@dataclasses.dataclass(frozen=True)
class Space:
    """A namespace, whose name is also part of the resource group's and of every global Azure name in it."""

    kubectl: Kubectl
    azure: azurelab.Azure
    namespace: str
    cluster_id: str
    """The cluster's part of the owner tag."""

    def open(self) -> None:
        """Create the namespace and the resource group."""
        self.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        self.azure.put(self.group_id, {"location": azurelab.LOCATION})

    def close(self) -> None:
        """Delete the objects; the namespace stays, since deleting one needs more than an API server."""
        self.kubectl.run("delete", "encreg", "--all", "--namespace", self.namespace, "--timeout=30s")

    @property
    def group(self) -> str:
        return f"rg-{self.namespace}"

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.azure.subscription}/resourceGroups/{self.group}"

    def vault(self, name: str = "one") -> str:
        """Return the name of the vault that goes with an object."""
        return f"kv-{self.namespace}-{name}"

    def registry(self, name: str = "one") -> str:
        """Return the name of the registry that goes with an object."""
        return f"acr{self.namespace}{name}".replace("-", "")

    def vault_id(self, name: str = "one") -> str:
        return f"{self.group_id}/providers/Microsoft.KeyVault/vaults/{self.vault(name)}"

    def registry_id(self, name: str = "one") -> str:
        return f"{self.group_id}/providers/Microsoft.ContainerRegistry/registries/{self.registry(name)}"

    def identity_id(self, identity: str) -> str:
        return f"{self.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}"

    def owner(self, name: str = "one") -> str:
        """Return the owner tag of an object's Azure resources."""
        return f"{self.cluster_id}/{self.namespace}/{name}"

    def calls(self) -> list[azurelab.Call]:
        """Return the operator's calls about this resource group."""
        return self.azure.calls(f"{self.group_id}/")

    def put_identity(self, identity: str) -> dict[str, Any]:
        """Create an identity that is not the operator's."""
        return self.azure.put(self.identity_id(identity), {"location": azurelab.LOCATION})

    def put_vault(self, name: str = "one", *, rbac: bool = True, **properties: Any) -> dict[str, Any]:
        """Create a vault that is not the operator's, fit for the purpose unless `properties` say otherwise."""
        fit = {
            "tenantId": self.azure.tenant,
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": rbac,
            "enablePurgeProtection": True,
            "accessPolicies": [],
        }
        return self.azure.put(self.vault_id(name), {"location": azurelab.LOCATION, "properties": fit | properties})

    def put_registry(self, name: str = "one", *, sku: str = "Premium") -> dict[str, Any]:
        """Create a registry that is not the operator's, encrypted with Microsoft's keys."""
        self.azure.put(self.registry_id(name), {"location": azurelab.LOCATION, "sku": {"name": sku}, "properties": {}})
        return waiting.eventually(
            lambda: self.azure.get(self.registry_id(name)),
            lambda seen: seen["properties"]["provisioningState"] == "Succeeded",
        )

    def owned(self, name: str = "one") -> list[dict[str, Any]]:
        """Return the Azure resources in the group that carry an object's owner tag, sorted by id."""
        kinds = (
            "Microsoft.ContainerRegistry/registries",
            "Microsoft.KeyVault/vaults",
            "Microsoft.ManagedIdentity/userAssignedIdentities",
        )
        found = [one for kind in kinds for one in self.azure.get(f"{self.group_id}/providers/{kind}")["value"]]
        return [one for one in found if one.get("tags", {}).get("acrcmk-owner") == self.owner(name)]

    def object(self, name: str = "one") -> encreg.EncReg:
        """Return a handle on an object, whether it exists or not."""
        return encreg.EncReg(kubectl=self.kubectl, namespace=self.namespace, name=name)

    def manifest(self, name: str = "one", **spec: Any) -> dict[str, Any]:
        """Return a minimal object, with `spec` fields over it."""
        return {
            "apiVersion": "acrcmk.dev/v1alpha1",
            "kind": "EncryptedRegistry",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "resourceGroup": self.group,
                "location": azurelab.LOCATION,
                "vault": {"name": self.vault(name)},
                "registry": {"name": self.registry(name)},
                **spec,
            },
        }

    def apply(self, name: str = "one", **spec: Any) -> encreg.EncReg:
        """Apply such an object and return a handle on it."""
        self.kubectl.apply(self.manifest(name, **spec))
        return self.object(name)

    def ready(self, name: str = "one", **spec: Any) -> encreg.EncReg:
        """Apply such an object and wait until it is Ready."""
        handle = self.apply(name, **spec)
        handle.wait_ready()
        return handle
