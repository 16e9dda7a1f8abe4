"""What reconciles would do to Azure, without doing it."""

import dataclasses

from acrcmk.api.status import Entries
from acrcmk.domain import ledger
from acrcmk.domain.desired import Desired
from acrcmk.domain.forecast import Forecast
from acrcmk.domain.memo import Memo
from acrcmk.domain.port import Azure
from acrcmk.domain.steps import runner
from acrcmk.domain.steps.step import Results
from acrcmk.domain.writes import Write

_MAX_RECONCILES = 10
"""More than the writes of any step that follow each other."""


async def forecast(desired: Desired, azure: Azure) -> tuple[tuple[Write, ...], Results]:
    """Return all writes until nothing is left to do, in order, and the results of the last reconcile.

    Writes that depend on what Azure assigns hold placeholders (`domain.forecast`).
    """
    predicted = Forecast(azure)
    created = desired.ledger

    async def record(write: Write) -> Entries:
        nonlocal created
        entry = ledger.entry(write, now=desired.now)
        created = ledger.with_entries(created, [entry] if entry else [])
        return created

    async def ignore(_: Results) -> None:
        return None

    for _ in range(_MAX_RECONCILES):
        writes_before = len(predicted.writes)
        results = await runner.run(
            dataclasses.replace(desired, ledger=created), Memo(predicted), before_write=record, progress=ignore
        )
        if len(predicted.writes) == writes_before:
            break
    return tuple(predicted.writes), results
