"""10,000 objects, 16 workers and slow reconciles on a virtual clock: edits and deletions never wait for drift checks.

One reconcile takes 20 s, so the drift checks need 10,000 * 20 s / 600 s = 333 workers, and their backlog only grows.
"""

import asyncio
import collections
import contextlib
import itertools

import pytest

from acrcmk.kube.informer import Informer
from acrcmk.runtime import pace, priority
from acrcmk.runtime.queue import Queue
from acrcmk.runtime.requeue import Poll, Resync
from acrcmk.runtime.schedule import Schedule
from acrcmk.runtime.workers import Workers
from acrcmk.telemetry.metrics import Metrics

pytestmark = pytest.mark.looptime

OBJECTS = 10_000
WORKERS = 16
RECONCILE_SECONDS = 20.0
WARM_UP_SECONDS = 1000.0
DELETED = "2026-11-23T12:00:00Z"


def body(name, *, generation=1, observed=1, **metadata):
    """Return an object whose reconcile was finished at the generation `observed`; None: it is new."""
    ready = {"type": "Ready", "status": "True", "reason": "Succeeded", "message": ""}
    status = {} if observed is None else {"observedGeneration": observed, "conditions": [ready]}
    metadata = {"namespace": "team-a", "name": name, "uid": name, "generation": generation, **metadata}
    return {"metadata": metadata, "status": status}


class Fleet:
    """An operator whose reconciles only sleep."""

    def __init__(self):
        self.clock = asyncio.get_running_loop().time
        schedule = Schedule(pace=pace.Pace(), random=lambda: 0.5, background_limit=priority.background_limit(WORKERS))
        self.queue = Queue(schedule, clock=self.clock, metrics=Metrics(version="test"))
        self.informer = Informer(add=self.queue.add, forget=self.queue.forget, spread=lambda _: 0.0)
        self.workers = Workers(
            self.queue,
            self.reconcile,
            report_error=self.report_error,
            concurrency=WORKERS,
            reconcile_timeout=180.0,
            metrics=Metrics(version="test"),
        )
        self.started = collections.defaultdict(list)
        self.creating = set()
        self.errors = []

    async def reconcile(self, name):
        self.started[name.name].append(self.clock())
        await asyncio.sleep(RECONCILE_SECONDS)
        return Poll(changed=False) if name.name in self.creating else Resync()

    async def report_error(self, name, error):
        self.errors.append((name, error))

    def list(self, *bodies):
        for document in bodies:
            self.informer.handle(None, document)

    def delay(self, name, *, since):
        """Return the seconds from `since` until the next reconcile of an object started."""
        return min(started for started in self.started[name] if started >= since) - since


@contextlib.asynccontextmanager
async def restarted(*bodies):
    """Run an operator that lists 10,000 settled objects and `bodies`. Not a fixture: the clock is real in fixtures."""
    fleet = Fleet()
    fleet.list(*(body(f"object-{number}") for number in range(OBJECTS)), *bodies)
    fleet.workers.start()
    try:
        yield fleet
    finally:
        await fleet.workers.drain(grace=0.0)
    assert fleet.errors == []


async def warm_up(fleet):
    """Wait until drift checks have occupied their workers for long, with most of them still in the backlog."""
    await asyncio.sleep(WARM_UP_SECONDS)
    assert sum(map(len, fleet.started.values())) > 500
    assert fleet.queue.longest_running() > 0.0
    assert len(waiting(fleet)) > OBJECTS - 1000


def waiting(fleet):
    """Return the names of the objects whose first drift check is still in the backlog."""
    names = (f"object-{number}" for number in range(OBJECTS))
    return [name for name in names if name not in fleet.started]


@pytest.mark.parametrize(
    "change", [{"generation": 2}, {"generation": 2, "deletionTimestamp": DELETED}], ids=["edit", "deletion"]
)
async def test_an_edit_or_deletion_starts_within_a_second(change):
    async with restarted() as fleet:
        await warm_up(fleet)
        delays = []
        for name in waiting(fleet)[-50:]:
            since = fleet.clock()
            fleet.informer.handle("MODIFIED", body(name, **change))
            await asyncio.sleep(13.7)
            delays.append(fleet.delay(name, since=since))
    assert max(delays) < 1.0


async def test_a_creation_starts_within_a_second_and_its_polls_are_in_time():
    async with restarted() as fleet:
        await warm_up(fleet)
        since = fleet.clock()
        fleet.creating.add("new")
        fleet.informer.handle("ADDED", body("new", observed=None))
        await asyncio.sleep(200.0)
    assert fleet.delay("new", since=since) < 1.0
    pauses = [after - before - RECONCILE_SECONDS for before, after in itertools.pairwise(fleet.started["new"])]
    assert len(pauses) > 5
    assert max(pauses) <= 200.0 / 10, "a tenth of the time waited"


async def test_after_a_restart_edits_deletions_and_creations_do_not_wait_for_drift_checks():
    creating, edited = body("creating", observed=None), body("edited", generation=2)
    async with restarted(creating, edited, body("deleting", deletionTimestamp=DELETED)) as fleet:
        await asyncio.sleep(1.0)
        delays = {name: fleet.delay(name, since=0.0) for name in ("deleting", "edited", "creating")}
        assert delays == {"deleting": 0.0, "edited": 0.0, "creating": 0.0}


async def test_drift_checks_go_on_while_edits_occupy_every_worker():
    edited, generations = [f"object-{number}" for number in range(3 * WORKERS)], itertools.count(2)
    async with restarted() as fleet:
        for _ in range(100):
            for name in edited:
                fleet.informer.handle("MODIFIED", body(name, generation=next(generations)))
            await asyncio.sleep(RECONCILE_SECONDS)
        checks = sum(len(started) for name, started in fleet.started.items() if name not in edited)
        total = sum(map(len, fleet.started.values()))
    assert total == pytest.approx(100 * WORKERS, rel=0.05)
    assert total / 25 < checks < total / 10, "about one turn in seventeen"
