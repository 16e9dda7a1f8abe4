"""Fixtures: the lab at high speed, az in it, and every way through the guide walked by az and by the operator."""

import dataclasses
from typing import Any

import pytest

from tests.az import cli, walks
from tests.support import azurelab

SPEED = 2000.0
"""az looks again after 30 s of its own time; at this speed everything has settled before its first look."""


@dataclasses.dataclass(frozen=True)
class Walked:
    """What every way came to: the script's output by way, the objects' status, and Azure's state after all."""

    printed: dict[walks.Way, list[Any]]
    status: dict[walks.Way, dict[str, Any]]
    state: dict[str, Any]


@pytest.fixture(scope="session")
def azure(children):
    return azurelab.Azure.start(children, speed=SPEED)


@pytest.fixture(scope="session")
def az(children, azure) -> cli.Az:
    return cli.Az.make(children, azure)


@pytest.fixture(scope="session")
def walked(az, azure, new_space) -> Walked:
    """All ways at once: az waits more than it works."""
    running = {way: az.start("bash", str(walks.SCRIPT), **way.script()) for way in walks.WAYS}
    space = new_space()
    for way in walks.WAYS:
        group = f"/subscriptions/{azure.subscription}/resourceGroups/{way.names('op').group}"
        azure.put(group, {"location": azurelab.LOCATION})
        space.apply(str(way), **way.spec())
    printed = {way: script.documents() for way, script in running.items()}
    status = {way: space.object(str(way)).wait_ready(timeout=90) for way in walks.WAYS}
    return Walked(printed=printed, status=status, state=azure.look("state"))


@pytest.fixture(params=walks.WAYS, ids=str)
def way(request) -> walks.Way:
    return request.param
