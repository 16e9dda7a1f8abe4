import asyncio

import pytest

from acrcmk.runtime import pace
from acrcmk.runtime.queue import Queue
from acrcmk.runtime.schedule import Schedule
from acrcmk.telemetry.metrics import Metrics


@pytest.fixture
def metrics():
    return Metrics(version="test")


@pytest.fixture
async def queue(metrics):
    """A queue on the virtual clock: back-off of exactly 2, 4, 8 ... s, polls after 1 s, resync after 600 s."""
    schedule = Schedule[str](pace=pace.Pace(backoff=pace.Backoff(base=4.0)), random=lambda: 0.5)
    return Queue(schedule, clock=asyncio.get_running_loop().time, metrics=metrics)


@pytest.fixture
def sample(metrics):
    """The current value of a metric, by name and labels; the label `name` of work queue metrics is added."""

    def value(name, **labels):
        queue = {"name": "encryptedregistry"} if name.startswith("workqueue_") else {}
        return metrics.registry.get_sample_value(name, {**queue, **labels})

    return value
