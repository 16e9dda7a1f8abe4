"""Replays one recording against a new lab and returns the outcome of each exchange."""

import dataclasses
from typing import Any, Literal

from acrcmk_lab.azure.arm.messages import Response
from acrcmk_lab.replay import (
    ciphertexts,
    edits,
    headers,
    policy_tags,
    schedule,
)
from acrcmk_lab.replay.comparison import Comparison, Difference
from acrcmk_lab.replay.foreign_resources import ForeignResources
from acrcmk_lab.replay.lab_setup import LabSetup
from acrcmk_lab.replay.listing import Listings
from acrcmk_lab.replay.masks import Masks
from acrcmk_lab.replay.recordings import Exchange, Recording
from acrcmk_lab.replay.scope import Scope

Verdict = Literal["matched", "differing", "out of scope"]
Json = Any
_UNAUTHORIZED = 401


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of one exchange; `reason` says why it is out of scope."""

    exchange: Exchange
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    reason: str = ""


@dataclasses.dataclass(kw_only=True)
class Result:
    """The outcomes of a recording; `refused` are the setup requests that the lab did not accept."""

    name: str
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    refused: list[str] = dataclasses.field(default_factory=list)

    def count(self, verdict: Verdict) -> int:
        """Return how many exchanges ended in a verdict."""
        return sum(outcome.verdict == verdict for outcome in self.outcomes)


async def replay(recording: Recording) -> Result:
    """Replay a recording."""
    runner = Runner(recording)
    await runner.setup.prepare()
    outcomes = [await runner.next(exchange) for exchange in recording.exchanges]
    return Result(name=recording.name, outcomes=outcomes, refused=runner.setup.refused)


class Runner:
    """Replays one recording in one lab, exchange by exchange."""

    def __init__(self, recording: Recording) -> None:
        self.setup = LabSetup(recording)
        self._foreign_resources = ForeignResources(recording, store=self.setup.cloud.state.store)
        self._listings = Listings()
        self._scope = Scope()
        self._edited = edits.edited_exchanges(recording)
        self._policy_tags = policy_tags.added_tags(recording)
        self._started_at = self.setup.timestamps[0] if schedule.dated(recording) else None

    async def next(self, exchange: Exchange) -> Outcome:
        """Replay the next exchange."""
        reason = self._scope.reason(exchange)
        if reason:
            return Outcome(exchange=exchange, verdict="out of scope", reason=reason)
        await self.setup.advance_to(self.setup.timestamps[exchange.number])
        for name, value in self.setup.settings.get(exchange.number, {}).items():
            self.setup.set(name, value)
        self._foreign_resources.prepare(exchange)
        differences = tuple(await self._differences(exchange))
        edited = self._edited.get(exchange.number)
        if edited and differences and all(difference.where.startswith("body") for difference in differences):
            return Outcome(exchange=exchange, verdict="out of scope", reason=edited)
        verdict: Verdict = "differing" if differences else "matched"
        return Outcome(exchange=exchange, verdict=verdict, differences=differences)

    async def _differences(self, exchange: Exchange) -> list[Difference]:
        rules = Comparison(bindings=self.setup.bindings, masks=Masks(exchange.request), started_at=self._started_at)
        if self._listings.continued(exchange) and exchange.rows is not None:
            return await self._listings.compare(exchange, rules=rules, first=None, fetch=self._fetch)
        response = await self._send(exchange)
        if response.status != exchange.status:
            return [
                Difference(
                    where="status",
                    recorded=_status_text(exchange.status, exchange.response_body),
                    lab=_status_text(response.status, response.body),
                )
            ]
        differences = headers.compare(rules, exchange.headers, headers_of_response(response))
        if exchange.rows is not None and isinstance(response.body, dict):
            return differences + await self._listings.compare(exchange, rules=rules, first=response, fetch=self._fetch)
        return differences + rules.body(exchange.response_body, response.body)

    async def _send(self, exchange: Exchange) -> Response:
        """Send a recorded request with the lab's ids and a token; without one if the response is a challenge.

        Recorders remove the Authorization header, so only the response shows that there was none.
        """
        bindings, signed = self.setup.bindings, not _is_challenge(exchange)
        bindings.bind_request_ids([exchange.path, exchange.query, exchange.request_body])
        await ciphertexts.prepare(exchange, setup=self.setup)
        return await self.setup.send(
            exchange.method,
            bindings.url(exchange.url),
            body=bindings.rewritten(self._request_body(exchange)),
            principal=self.setup.caller if signed else None,
        )

    def _request_body(self, exchange: Exchange) -> Json:
        tags = self._policy_tags.get(exchange.number)
        if not tags:
            return exchange.request_body
        return {**exchange.request_object, "tags": {**(exchange.request_object.get("tags") or {}), **tags}}

    async def _fetch(self, url: str) -> Response:
        return await self.setup.send("GET", url, principal=self.setup.caller)


def headers_of_response(response: Response) -> dict[str, str]:
    """Return a response's headers as the server sends them, names in lower case."""
    result = {name.lower(): value for name, value in response.headers.items()}
    return result if response.body is None else {"content-type": "application/json; charset=utf-8", **result}


def _is_challenge(exchange: Exchange) -> bool:
    return exchange.status == _UNAUTHORIZED and "www-authenticate" in exchange.headers


def _status_text(status: int, body: object) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    code = f" {error.get('code')}: {error.get('message')}" if isinstance(error, dict) else ""
    return f"{status}{code}"
