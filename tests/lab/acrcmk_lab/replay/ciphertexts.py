"""Ciphertexts that a recording's client made by itself, with a public key that the lab does not have.

The client is played here: what Azure decrypted them to is recorded, so it encrypts that again with the
lab's key before it asks the lab to decrypt.
"""

import re

from acrcmk_lab.replay import lab_setup, recording

_OPPOSITE = {"decrypt": "encrypt", "unwrapkey": "wrapkey"}
_CALL = re.compile(r"(?P<key>.*/keys/[^/]+/[^/]*)/?(?P<verb>decrypt|unwrapkey)", re.IGNORECASE)


async def prepare(exchange: recording.Exchange, *, scene: "lab_setup.Scene") -> None:
    """Teach the binding the lab's ciphertext for the one that an exchange sends."""
    call = _CALL.fullmatch(exchange.path)
    sealed, plain = exchange.asked.get("value"), exchange.shown.get("value")
    if not call or not isinstance(sealed, str) or not isinstance(plain, str) or scene.bound.text(sealed) != sealed:
        return
    url = scene.bound.text(exchange.url.replace(call["verb"], _OPPOSITE[call["verb"].lower()]))
    answer = await scene.send(
        "POST", url, body={"alg": exchange.asked.get("alg"), "value": plain}, principal=scene.caller
    )
    if isinstance(answer.body, dict) and answer.body.get("value"):
        scene.bound.learn_text(sealed, str(answer.body["value"]))
