"""A vault's own endpoint, `https://{vault}.vault.azure.net`: its keys, behind challenge, firewall and permissions."""

from acrcmk_lab.azure import catalogue, messages, proxy, world

PUBLIC_LOGIN = "https://login.microsoftonline.com"
RESOURCE = "https://vault.azure.net"


class VaultData:
    """Answers for every vault host."""

    def __init__(self, state: world.World) -> None:
        self._world = state

    def serves(self, host: str) -> bool:
        """Tell whether a host, with or without port, is a vault's."""
        return host.partition(":")[0].lower().endswith(f".{self._world.switches.vault_domain}")

    def answer(self, request: messages.Request) -> messages.Answer:
        """Answer a request to a vault."""
        return self._challenge(request)

    def _challenge(self, request: messages.Request) -> messages.Answer:
        """Clients take authority and resource from here; behind the proxy the authority has its public name."""
        login = PUBLIC_LOGIN if proxy.answers_for(request.host.partition(":")[0]) else self._world.url
        answer = catalogue.answer("KVD_NO_TOKEN")
        answer.headers["WWW-Authenticate"] = (
            f'Bearer authorization="{login}/{self._world.tenant_id}", resource="{RESOURCE}"'
        )
        return answer
