"""Login servers, as far as they show whether pulls work: `GET /v2/`.

Once the key cannot be used to unwrap, pulls fail after `acr_revocation`; with access restored they work
at once [D]. A registry whose identity was deleted serves pulls for `acr_identity_expiry` [D].
"""

from acrcmk_lab.azure.arm.messages import Request, Response
from acrcmk_lab.azure.services.container_registry import customer_managed_keys
from acrcmk_lab.azure.services.container_registry.models import Encryption, Registry
from acrcmk_lab.azure.services.key_vault import access
from acrcmk_lab.azure.services.key_vault.access import Reached, Unreachable
from acrcmk_lab.azure.state.state import State

VERSION_HEADER = {"Docker-Distribution-Api-Version": "registry/2.0"}


class LoginServers:
    """The login servers of all registries."""

    def __init__(self, state: State) -> None:
        self._state = state

    def serves(self, host: str) -> bool:
        """Tell whether a host, with or without port, is a login server's."""
        return host.partition(":")[0].lower().endswith(f".{self._state.settings.registry_domain}")

    def respond(self, request: Request) -> Response:
        """Respond to a request to a login server."""
        return self.probe(request.host.partition(".")[0])

    def probe(self, name: str) -> Response:
        """Return what a pull from a registry gets: 200, 403 without access to the key, 404 for no registry."""
        registry = self._state.store.by_name(Registry, name)
        if registry is None:
            return Response(404)
        encryption = registry.configuration.encryption
        if encryption is None:
            return Response(200, body={}, headers=dict(VERSION_HEADER))
        principal = registry.configuration.identities.principal(encryption.identity) or ""
        result = access.unwrap(self._state, principal=principal, versioned_identifier=encryption.versioned)
        if isinstance(result, Reached) or not self._is_effective(result, principal=principal):
            return Response(200, body={}, headers=dict(VERSION_HEADER))
        return self._denied(registry, encryption, principal=principal)

    def _is_effective(self, loss: Unreachable, *, principal: str) -> bool:
        """Tell whether the loss of access to the key is old enough to stop pulls."""
        settings = self._state.settings
        removed_principal = self._state.directory.removed(principal)
        delay = settings.acr_identity_expiry if removed_principal else settings.acr_revocation
        return self._state.clock.now() >= loss.since + delay.low

    def _denied(self, registry: Registry, encryption: Encryption, *, principal: str) -> Response:
        if self._state.directory.removed(principal):
            error = customer_managed_keys.error(self._state, "ACR_IDENTITY_INACTIVE", registry=registry)
        else:
            error = customer_managed_keys.error(
                self._state,
                "ACR_KEY_ACCESS",
                registry=registry,
                kid=encryption.versioned,
                clientId=encryption.identity,
            )
        error = error.response.body["error"]
        return Response(
            403, body={"errors": [{"code": "DENIED", "message": error["message"]}]}, headers=dict(VERSION_HEADER)
        )
