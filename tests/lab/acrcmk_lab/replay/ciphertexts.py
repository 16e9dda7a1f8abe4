"""Ciphertexts that the recorded client computed locally with a public key that the lab does not have.

The plaintexttext is in the recorded response, so it is encrypted again with the lab's key before the lab is asked
to decrypt it.
"""

import re

from acrcmk_lab.replay.lab_setup import LabSetup
from acrcmk_lab.replay.recordings import Exchange

_OPPOSITE = {"decrypt": "encrypt", "unwrapkey": "wrapkey"}
_OPERATION = re.compile(r"(?P<key>.*/keys/[^/]+/[^/]*)/?(?P<verb>decrypt|unwrapkey)", re.IGNORECASE)


async def prepare(exchange: Exchange, *, setup: LabSetup) -> None:
    """Record the lab's ciphertext for the one that an exchange sends."""
    operation = _OPERATION.fullmatch(exchange.path)
    ciphertext, plaintext = exchange.request_object.get("value"), exchange.response_object.get("value")
    if (
        not operation
        or not isinstance(ciphertext, str)
        or not isinstance(plaintext, str)
        or setup.bindings.text(ciphertext) != ciphertext
    ):
        return
    url = setup.bindings.text(exchange.url.replace(operation["verb"], _OPPOSITE[operation["verb"].lower()]))
    response = await setup.send(
        "POST", url, body={"alg": exchange.request_object.get("alg"), "value": plaintext}, principal=setup.caller
    )
    if isinstance(response.body, dict) and response.body.get("value"):
        setup.bindings.map_text(ciphertext, str(response.body["value"]))
