"""`acrcmk-lab replay`: replay recorded Azure traffic against the lab."""

import argparse
import pathlib
import sys

from acrcmk_lab.replay import recordings, report, runner
from acrcmk_lab.replay.recordings import UnreadableError
from acrcmk_lab.replay.runner import Result

HELP = """Replay recordings of real Azure traffic against the lab and compare its responses.

Each file gets a new lab, set up as the recording presupposes, with its clock following the recording's
dates. Every recorded request is sent; status, the headers that clients act on and the body must be equal,
except for values that differ between any two runs: GUIDs (consistently), times, key material, signatures.

  acrcmk-lab replay FOLDER             a table; the last line is JSON; exit code 0 if nothing differs
  acrcmk-lab replay FOLDER --verbose   also prints each differing member
  acrcmk-lab replay FILE --verbose     one recording
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "recordings", type=pathlib.Path, nargs="+", help="folders of recordings (*.json), or single recordings"
    )
    parser.add_argument("--verbose", action="store_true", help="print each difference")


async def run(arguments: argparse.Namespace) -> int:
    """Replay all recordings; 0 if nothing differs, 1 if something does, 2 if a file is unreadable or there is none."""
    files = [file for path in arguments.recordings for file in _files(path)]
    unreadable = 0 if files else 1
    if not files:
        print(f"acrcmk-lab replay: no recordings in {' '.join(map(str, arguments.recordings))}", file=sys.stderr)
    results: list[Result] = []
    for file in files:
        try:
            recording = recordings.load(file)
        except UnreadableError as error:
            print(f"acrcmk-lab replay: {error}", file=sys.stderr)
            unreadable += 1
            continue
        results.append(await runner.replay(recording))
        if arguments.verbose and report.details(results[-1]):
            print(report.details(results[-1]), flush=True)
    print(report.table(results))
    if report.reasons(results):
        print(f"\nOut of scope:\n{report.reasons(results)}")
    print(report.line(results))
    return 2 if unreadable else 1 if report.counts(results)["differing"] else 0


def _files(path: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path.glob("*.json")) if path.is_dir() else [path] if path.is_file() else []
