"""Plays one recording against a fresh lab and says what became of each exchange."""

import typing
from dataclasses import dataclass, field

from acrcmk_lab.azure import messages
from acrcmk_lab.replay import (
    ciphertexts,
    comparison,
    foreign_resources,
    headers,
    lab_setup,
    listing,
    masks,
    recording,
    schedule,
    scope,
)

Verdict = typing.Literal["matched", "differing", "out of scope"]
_UNAUTHORIZED = 401


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one exchange; `reason` tells why it is out of scope."""

    exchange: recording.Exchange
    verdict: Verdict
    differences: tuple[comparison.Difference, ...] = ()
    reason: str = ""


@dataclass(kw_only=True)
class Result:
    """What became of a recording; `refused` are preparations that the lab did not accept."""

    name: str
    outcomes: list[Outcome] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def count(self, verdict: Verdict) -> int:
        """Return how many exchanges ended in a verdict."""
        return sum(outcome.verdict == verdict for outcome in self.outcomes)


async def play(tape: recording.Recording) -> Result:
    """Play a recording."""
    player = Player(tape)
    await player.scene.prepare()
    outcomes = [await player.next(exchange) for exchange in tape.exchanges]
    return Result(name=tape.name, outcomes=outcomes, refused=player.scene.refused)


class Player:
    """One recording in one lab, exchange by exchange."""

    def __init__(self, tape: recording.Recording) -> None:
        self.scene = lab_setup.Scene(tape)
        self._outside = foreign_resources.Outside(tape, store=self.scene.cloud.world.store)
        self._listings = listing.Listings()
        self._scope = scope.Scope()
        self._began = self.scene.moments[0] if schedule.dated(tape) else None

    async def next(self, exchange: recording.Exchange) -> Outcome:
        """Play the next exchange."""
        reason = self._scope.reason(exchange)
        if reason:
            return Outcome(exchange=exchange, verdict="out of scope", reason=reason)
        await self.scene.turn_to(self.scene.moments[exchange.number])
        for name, value in self.scene.switches.get(exchange.number, {}).items():
            self.scene.set(name, value)
        self._outside.prepare(exchange)
        found = tuple(await self._differences(exchange))
        return Outcome(exchange=exchange, verdict="differing" if found else "matched", differences=found)

    async def _differences(self, exchange: recording.Exchange) -> list[comparison.Difference]:
        rules = comparison.Comparison(bound=self.scene.bound, masked=masks.Masks(exchange.request), began=self._began)
        if self._listings.continued(exchange) and exchange.rows is not None:
            return await self._listings.compare(exchange, rules=rules, first=None, fetch=self._fetch)
        answer = await self._send(exchange)
        if answer.status != exchange.status:
            return [
                comparison.Difference(
                    "status", _brief(exchange.status, exchange.got), _brief(answer.status, answer.body)
                )
            ]
        found = headers.compare(rules, exchange.headers, rendered(answer))
        if exchange.rows is not None and isinstance(answer.body, dict):
            return found + await self._listings.compare(exchange, rules=rules, first=answer, fetch=self._fetch)
        return found + rules.body(exchange.got, answer.body)

    async def _send(self, exchange: recording.Exchange) -> messages.Answer:
        """Send the recorded request as the lab's client would have: with the lab's ids, with a token.

        Recorders take tokens away; that one was missing shows in the answer, a challenge.
        """
        bound, signed = self.scene.bound, not _challenges(exchange)
        bound.known([exchange.path, exchange.query, exchange.sent])
        await ciphertexts.prepare(exchange, scene=self.scene)
        return await self.scene.send(
            exchange.method,
            bound.url(exchange.url),
            body=bound.rewritten(exchange.sent),
            principal=self.scene.caller if signed else None,
        )

    async def _fetch(self, url: str) -> messages.Answer:
        return await self.scene.send("GET", url, principal=self.scene.caller)


def rendered(answer: messages.Answer) -> dict[str, str]:
    """Return an answer's headers as the server sends them, names in lower case."""
    found = {name.lower(): value for name, value in answer.headers.items()}
    return found if answer.body is None else {"content-type": "application/json; charset=utf-8", **found}


def _challenges(exchange: recording.Exchange) -> bool:
    return exchange.status == _UNAUTHORIZED and "www-authenticate" in exchange.headers


def _brief(status: int, body: object) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    code = f" {error.get('code')}: {error.get('message')}" if isinstance(error, dict) else ""
    return f"{status}{code}"
