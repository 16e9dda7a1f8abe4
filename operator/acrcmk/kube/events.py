"""Kubernetes events: one for each transition of a condition, with the condition's own reason."""

import datetime
import uuid
from collections.abc import Iterator

from kubernetes.aio import client

from acrcmk import api
from acrcmk.api.conditions import Condition, ConditionType
from acrcmk.domain.conditions import Verdict
from acrcmk.kube.objects import FIELD_MANAGER, Key

_LONGEST = 1024
"""Kubernetes refuses longer messages."""
_TOLD_BY_THE_STEPS = {ConditionType.RECONCILING, ConditionType.STALLED}


def transitions(verdicts: tuple[Verdict, ...], *, before: tuple[Condition, ...]) -> Iterator[Verdict]:
    """Yield what became different: another status or reason. What is not known yet is no news."""
    known = {one.type: (one.status, one.reason) for one in before}
    told = set()
    for verdict in verdicts:
        silent = verdict.status == "Unknown" or verdict.type in _TOLD_BY_THE_STEPS
        summary_of_a_step = verdict.type == ConditionType.READY and verdict.status == "False"
        if silent or summary_of_a_step or known.get(verdict.type) == (verdict.status, verdict.reason):
            continue
        if (verdict.reason, verdict.message) not in told:
            told.add((verdict.reason, verdict.message))
            yield verdict


def event(verdict: Verdict, *, key: Key, uid: str, now: datetime.datetime) -> client.CoreV1Event:
    """Make a core/v1 Event."""
    message = f"{verdict.type}: {verdict.message}"
    return client.CoreV1Event(
        metadata=client.V1ObjectMeta(name=f"{key.name}.{uuid.uuid4().hex[:16]}", namespace=key.namespace),
        involved_object=client.V1ObjectReference(
            api_version=f"{api.GROUP}/{api.VERSION}", kind=api.KIND, name=key.name, namespace=key.namespace, uid=uid
        ),
        type="Warning" if verdict.warns else "Normal",
        reason=verdict.reason,
        message=message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…",
        source=client.V1EventSource(component=FIELD_MANAGER),
        reporting_component=FIELD_MANAGER,
        first_timestamp=now,
        last_timestamp=now,
        count=1,
    )
