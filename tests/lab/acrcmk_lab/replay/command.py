"""`acrcmk-lab replay`: play recorded Azure traffic against the lab."""

import argparse
import pathlib
import sys

from acrcmk_lab.replay import recording, report, runner

HELP = """Play recordings of real Azure traffic against the lab and compare its answers.

Each file gets a fresh lab, set up as the recording presupposes, its clock turned by the recording's
dates. Every recorded request is sent; status, the headers that clients act on and the body must agree
but for what no two runs share: GUIDs (consistently), times, key material, signatures.

  acrcmk-lab replay FOLDER             a table; the last line is JSON; exit code 0 if nothing differs
  acrcmk-lab replay FOLDER --verbose   and what differs, member by member
  acrcmk-lab replay FILE --verbose     one recording
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "recordings", type=pathlib.Path, nargs="+", help="folders of recordings (*.json), or single recordings"
    )
    parser.add_argument("--verbose", action="store_true", help="tell what differs and what is out of scope")


async def run(arguments: argparse.Namespace) -> int:
    """Play all recordings; 0 if none differs, 1 if one does, 2 if a file is no recording or there is none."""
    files = [file for place in arguments.recordings for file in _files(place)]
    unreadable = 0 if files else 1
    if not files:
        print(f"acrcmk-lab replay: no recordings in {' '.join(map(str, arguments.recordings))}", file=sys.stderr)
    results: list[runner.Result] = []
    for file in files:
        try:
            tape = recording.load(file)
        except recording.UnreadableError as error:
            print(f"acrcmk-lab replay: {error}", file=sys.stderr)
            unreadable += 1
            continue
        results.append(await runner.play(tape))
        if arguments.verbose and report.details(results[-1]):
            print(report.details(results[-1]), flush=True)
    print(report.table(results))
    if report.reasons(results):
        print(f"\nOut of scope:\n{report.reasons(results)}")
    print(report.line(results))
    return 2 if unreadable else 1 if report.counts(results)["differing"] else 0


def _files(found: pathlib.Path) -> list[pathlib.Path]:
    return sorted(found.glob("*.json")) if found.is_dir() else [found] if found.is_file() else []
