"""`acrcmk-lab`: start the lab's servers, run the demo, a benchmark or a replay."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import Protocol

import acrcmk_lab.az_env
import acrcmk_lab.azure.command
import acrcmk_lab.bench.fleet
import acrcmk_lab.bench.lab
import acrcmk_lab.bench.ready
import acrcmk_lab.demo.command
import acrcmk_lab.kube.command
import acrcmk_lab.replay.command


class Command(Protocol):
    """The interface of a command's module; the first line of `HELP` is its summary."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    async def run(self, arguments: argparse.Namespace) -> int: ...


COMMANDS: dict[str, Command] = {
    "azure": acrcmk_lab.azure.command,
    "az-env": acrcmk_lab.az_env,
    "kube": acrcmk_lab.kube.command,
    "demo": acrcmk_lab.demo.command,
    "bench-ready": acrcmk_lab.bench.ready,
    "bench-fleet": acrcmk_lab.bench.fleet,
    "bench-lab": acrcmk_lab.bench.lab,
    "replay": acrcmk_lab.replay.command,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one lab command and return its exit code."""
    parser = argparse.ArgumentParser(prog="acrcmk-lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        module.add_arguments(
            commands.add_parser(
                name,
                help=module.HELP.splitlines()[0],
                description=module.HELP,
                formatter_class=argparse.RawDescriptionHelpFormatter,
            )
        )
    arguments = parser.parse_args(argv)
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(COMMANDS[arguments.command].run(arguments))
    return 130


if __name__ == "__main__":
    sys.exit(main())
