"""What `decide` answers: an outcome, or the exact writes that bring Azure nearer to the spec."""

import dataclasses

from acrcmk.domain.outcome import Outcome
from acrcmk.domain.writes import Write


@dataclasses.dataclass(frozen=True, kw_only=True)
class Act:
    """Do these writes in order; `meanwhile` is the outcome as long as Azure does not show them."""

    writes: tuple[Write, ...]
    meanwhile: Outcome


Decision = Act | Outcome
