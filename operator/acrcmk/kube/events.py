"""Kubernetes events: one for each transition of a condition, with the condition's own reason."""

import datetime
import uuid

from kubernetes.aio import client

from acrcmk import api
from acrcmk.domain.conditions import ConditionUpdate
from acrcmk.kube.objects import FIELD_MANAGER, NamespacedName

_MAX_LENGTH = 1024
"""Kubernetes refuses longer messages."""


def event(update: ConditionUpdate, *, name: NamespacedName, uid: str, now: datetime.datetime) -> client.CoreV1Event:
    """Return a core/v1 Event about the object `name` with `uid`."""
    message = f"{update.type}: {update.message}"
    return client.CoreV1Event(
        metadata=client.V1ObjectMeta(name=f"{name.name}.{uuid.uuid4().hex[:16]}", namespace=name.namespace),
        involved_object=client.V1ObjectReference(
            api_version=f"{api.GROUP}/{api.VERSION}", kind=api.KIND, name=name.name, namespace=name.namespace, uid=uid
        ),
        type="Warning" if update.warns else "Normal",
        reason=update.reason,
        message=message if len(message) <= _MAX_LENGTH else f"{message[: _MAX_LENGTH - 1]}…",
        source=client.V1EventSource(component=FIELD_MANAGER),
        reporting_component=FIELD_MANAGER,
        first_timestamp=now,
        last_timestamp=now,
        count=1,
    )
