"""The recordings of real Azure in the folders that RECORDINGS names."""

import pytest

from acrcmk_lab.replay import recordings, report, runner
from tests.lab.tests import reference

FILES = sorted(file for folder in reference.RECORDINGS for file in folder.glob("*.json"))


@pytest.mark.skipif(not FILES, reason="RECORDINGS names no folder of recordings")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recording_of_azure_replays(file):
    result = await runner.replay(recordings.load(file))
    assert report.counts([result])["differing"] == 0, report.details(result)
    assert result.outcomes
