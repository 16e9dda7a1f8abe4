"""The lab's control: clock, switches, faults, other people's changes; from Python and over HTTP.

Over HTTP every command is `POST /_sim/{command}` with a JSON object of its arguments; `GET /_sim`
lists the commands, `GET /_sim/state`, `/log`, `/switches` and `/clock` look without changing.
"""

from acrcmk_lab.azure import cloud, messages

PREFIX = "/_sim"


class Control:
    """Everything that happens in Azure without the operator's doing."""

    def __init__(self, lab: "cloud.Cloud") -> None:
        self._cloud = lab
        self._world = lab.world

    async def answer(self, request: messages.Request) -> messages.Answer:
        name = request.path.removeprefix(PREFIX).strip("/")
        if name == "switches":
            return messages.Answer(200, [list(row) for row in self._world.switches.describe()])
        return messages.Answer(404)
