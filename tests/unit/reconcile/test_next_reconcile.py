import datetime

import pytest

from acrcmk.api.conditions import Reason
from acrcmk.domain.outcome import Blocked, Outcome, Progressing, Ready, Stalled
from acrcmk.reconcile.next_reconcile import requeue_of
from acrcmk.runtime.requeue import After, Poll, Requeue, Resync, Retry
from tests.unit.domain import builders

READY = Ready(message="there")
STALLED = Stalled(reason=Reason.INVALID_SPEC, message="edit")
CREATING = Progressing(reason=Reason.CREATING, message="at work")
GRANTED = Progressing(reason=Reason.PROPAGATING, message="soon", unlocks=True)
UNREACHABLE = Progressing(reason=Reason.AZURE_UNAVAILABLE, message="away", failed=True)
AT_A_TIME = Progressing(
    reason=Reason.PROPAGATING, message="soon", retry_at=builders.NOW + datetime.timedelta(seconds=41)
)
THROTTLED = Progressing(reason=Reason.THROTTLED, message="slow", failed=True, retry_after=17.0)
DENIED = Blocked(reason=Reason.KEY_ACCESS_DENIED, message="act")
RESTING = Blocked(reason=Reason.PROVISIONING_FAILED, message="pause", retry_after=60.0)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([READY, READY], Resync()),
        ([READY, STALLED], Resync()),
        ([READY, CREATING], Poll(changed=True)),
        ([GRANTED, CREATING], Poll(changed=True)),
        ([GRANTED, READY], Poll(changed=True)),
        ([CREATING, DENIED], Poll(changed=True)),
        ([GRANTED, DENIED], Retry()),
        ([READY, UNREACHABLE], Retry()),
        ([READY, THROTTLED], After(17.0)),
        ([THROTTLED, RESTING], After(60.0)),
        ([GRANTED, AT_A_TIME], After(41.0)),
        ([CREATING, THROTTLED], Poll(changed=True)),
    ],
)
def test_when_the_next_pass_is_due(outcomes: list[Outcome], expected: Requeue) -> None:
    assert requeue_of(outcomes, changed=True, now=builders.NOW) == expected
