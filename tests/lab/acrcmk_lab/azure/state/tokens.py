"""The access tokens that the token service has issued: what every endpoint checks bearer tokens against."""

import dataclasses
import time

from acrcmk_lab.azure.state.directory import Principal


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """An access token: its principal, the resource that it is for, and when it expires.

    `expires` is on the machine's monotonic clock: clients compare a token's lifetime with their own
    clock, which does not follow the simulated one.
    """

    principal: Principal
    audience: str
    expires: float

    @property
    def expired(self) -> bool:
        """Whether the token has expired."""
        return self.expires <= time.monotonic()


class IssuedTokens:
    """All issued tokens by their text."""

    def __init__(self) -> None:
        self._tokens: dict[str, Token] = {}

    def add(self, text: str, *, principal: Principal, audience: str, lifetime: float) -> None:
        """Record a token that is valid for `lifetime` seconds from now."""
        self._tokens[text] = Token(principal=principal, audience=audience, expires=time.monotonic() + lifetime)

    def find(self, bearer: str) -> Token | None:
        """Return the token behind the credentials of an Authorization header, expired or not."""
        return self._tokens.get(bearer)

    def expire_all(self) -> None:
        """Expire every token now."""
        self._tokens = {text: dataclasses.replace(token, expires=0.0) for text, token in self._tokens.items()}
