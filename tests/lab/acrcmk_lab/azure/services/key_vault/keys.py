"""Microsoft.KeyVault: keys of a vault through the management plane.

Creates missing keys and reads; never creates a version of an existing key, never updates [S]. The vault's
firewall does not apply [D].
"""

from acrcmk_lab.azure.arm import errors, ids, paging
from acrcmk_lab.azure.arm.messages import AzureError, Body, Response
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.services.key_vault import models
from acrcmk_lab.azure.services.key_vault.lifecycle import KeyLifecycle
from acrcmk_lab.azure.services.key_vault.models import Key, KeyVersion, Vault
from acrcmk_lab.azure.state.state import State

NAMESPACE = models.NAMESPACE
KEYS = f"{models.TYPE}/keys"
_PATHS: tuple[tuple[str, str, str], ...] = (
    ("GET", "vaults/*/keys", "index"),
    ("GET", "vaults/*/keys/*", "get"),
    ("PUT", "vaults/*/keys/*", "put"),
    ("GET", "vaults/*/keys/*/versions", "list_versions"),
    ("GET", "vaults/*/keys/*/versions/*", "get_version"),
)


def get_vault(state: State, call: Call) -> Vault:
    """Return the vault of a path; AzureError if it does not exist."""
    scope, name = call.route.scope, call.names[0]
    vault = state.store.get(Vault, f"{scope}/providers/{models.TYPE}/{name}")
    if vault is None:
        raise errors.error("ARM_RESOURCE_NOT_FOUND", provider=NAMESPACE, type="vaults", name=name, rg=call.route.group)
    return vault


class VaultKeys:
    """The operations on keys."""

    def __init__(self, state: State, *, lifecycle: KeyLifecycle) -> None:
        self._state = state
        self._lifecycle = lifecycle

    def operations(self) -> list[Operation]:
        """Return the operations; a caller without permission gets 400 `ForbiddenByRbac`, not ARM's 403 [I]."""
        return [
            Operation(
                method=method,
                template=f"{NAMESPACE}/{path}".lower(),
                handler=getattr(self, handler),
                action=f"{KEYS}/write" if method == "PUT" else f"{KEYS}/read",
                kind="write" if method == "PUT" else "read",
                forbidden="KV_ARMKEY_RBAC",
                registered=method == "PUT",
            )
            for method, path, handler in _PATHS
        ]

    async def get(self, call: Call) -> Response:
        vault, key = self._get_key(call)
        return Response(200, body=self._body(vault, key=key, version=key.current, full=True))

    async def get_version(self, call: Call) -> Response:
        vault, key = self._get_key(call)
        version = key.versions.get(call.names[2].lower())
        if version is None:
            raise _not_found(f"{key.name}/{call.names[2]}")
        return Response(200, body=self._body(vault, key=key, version=version, full=True, of_version=True))

    async def index(self, call: Call) -> Response:
        vault = get_vault(self._state, call)
        rows = [self._body(vault, key=key, version=key.current) for key in vault.keys.values()]
        return paging.page(call, rows=rows, url=self._state.url, size=25)

    async def list_versions(self, call: Call) -> Response:
        """List versions, ordered by version id as recorded of the data plane."""
        vault, key = self._get_key(call)
        rows = [
            self._body(vault, key=key, version=key.versions[version], of_version=True)
            for version in sorted(key.versions)
        ]
        return paging.page(call, rows=rows, url=self._state.url, size=25)

    async def put(self, call: Call) -> Response:
        vault, name = get_vault(self._state, call), call.names[1]
        key = vault.keys.get(name.lower())
        if key is None:
            key = self._create(vault, name=name, call=call)
        return Response(200, body=self._body(vault, key=key, version=key.current, full=True))

    def _create(self, vault: Vault, *, name: str, call: Call) -> Key:
        properties = call.request.properties()
        if vault.provisioning != "Succeeded" and self._state.settings.key_before_dns == "reject":
            raise errors.error("KV_REGISTERING_DNS", name=vault.name)
        problem = models.problem(properties, name=name)
        if not problem and "HSM" in str(properties.get("kty")) and vault.sku["name"].lower() != "premium":
            problem = "HSM keys need a vault of the premium SKU."
        if problem:
            raise errors.error("KV_KEY_PARAMETERS", reason=problem)
        models.check_tags(call.body)
        return self._lifecycle.create(vault, name=name, properties=properties, tags=ids.tags(call.body.get("tags")))

    def _get_key(self, call: Call) -> tuple[Vault, Key]:
        vault = get_vault(self._state, call)
        key = vault.keys.get(call.names[1].lower())
        if key is None:
            raise _not_found(call.names[1])
        return vault, key

    def _body(
        self,
        vault: Vault,
        *,
        key: Key,
        version: KeyVersion,
        full: bool = False,
        of_version: bool = False,
    ) -> Body:
        """Return a key's body; lists have only attributes and the key's URI."""
        uri = f"https://{vault.name.lower()}.{self._state.settings.vault_domain}/keys/{key.name}"
        suffix = f"/versions/{version.version}" if of_version else ""
        properties: Body = {"attributes": _attributes(vault, version=version)}
        if full:
            properties["kty"] = version.kty
            properties["keyOps"] = list(version.operations)
            properties |= {"keySize": version.size} if version.size else {"curveName": version.curve}
        properties["keyUri"] = uri
        if full or of_version:
            properties["keyUriWithVersion"] = f"{uri}/{version.version}"
        if full and key.rotation_policy:
            properties["rotationPolicy"] = key.rotation_policy
        return {
            "id": f"{vault.id}/keys/{key.name}{suffix}",
            "name": version.version if of_version else key.name,
            "type": f"{KEYS}/versions" if of_version else KEYS,
            "location": vault.location,
            **({"tags": key.tags} if key.tags else {}),
            "properties": properties,
        }


def _attributes(vault: Vault, *, version: KeyVersion) -> Body:
    attributes: Body = {"enabled": version.enabled}
    if version.not_before is not None:
        attributes["nbf"] = version.not_before
    if version.expires is not None:
        attributes["exp"] = version.expires
    attributes |= {"created": version.created, "updated": version.updated}
    # Recorded: unlike the vault's own endpoint, the management plane does not show `recoverableDays`.
    return {**attributes, "recoveryLevel": vault.recovery.level, "exportable": version.exportable}


def _not_found(name: str) -> AzureError:
    return errors.error("KVD_KEY_NOT_FOUND", name=name, help=models.HELP)
