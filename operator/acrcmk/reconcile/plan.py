"""What reconciles would do to Azure, without doing it."""

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

    async def ignore(_: object) -> None:
        return None

    for _ in range(_MAX_RECONCILES):
        writes_before = len(predicted.writes)
        results = await runner.run(desired, Memo(predicted), before_write=ignore, progress=ignore)
        if len(predicted.writes) == writes_before:
            break
    return tuple(predicted.writes), results
