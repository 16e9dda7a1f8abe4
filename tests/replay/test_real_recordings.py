"""The recordings of real Azure that lie beside the project, where they do."""

import pathlib

import pytest

from acrcmk_lab.replay import player, recording, report

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "shared" / "azure" / "recordings"
FILES = sorted(FOLDER.glob("*.json"))


@pytest.mark.skipif(not FILES, reason="no recordings of real Azure beside this project")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recording_of_azure_replays(file):
    result = await player.play(recording.load(file))
    assert report.counts([result])["differing"] == 0, report.details(result)
    assert result.outcomes
