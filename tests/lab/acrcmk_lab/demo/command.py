"""`acrcmk-lab demo`: on one machine, from `kubectl apply` to a registry encrypted with a customer-managed key."""

import argparse
import asyncio
import json
import os
import pathlib
import shlex
import shutil
import tempfile

from acrcmk_lab import launch, processes
from acrcmk_lab.demo import kept, progress, terminal
from acrcmk_lab.kubectl import KubectlError

HELP = """Create one encrypted registry, end to end: lab, operator and kubectl.

Starts local stand-ins for Azure and for the Kubernetes API, and the operator, as processes; applies crds/ and
deploy/samples/minimal.yaml with kubectl, and prints the object's conditions until it is Ready.
Does not read your kubeconfig and your Azure login. Ctrl-C stops everything.

  acrcmk-lab demo              watch it
  acrcmk-lab demo --keep       leave everything running, and print commands to try
  acrcmk-lab demo --stop DIR   stop what --keep left running"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--speed", type=float, default=6.0, help="Azure's seconds per second (%(default)g)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds until the demo fails (%(default)g)")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    parser.add_argument("--stop", type=pathlib.Path, metavar="DIR", help="stop a demo that was kept")


async def run(arguments: argparse.Namespace) -> int:
    """Run the demo; return 0 only if the object became Ready."""
    screen = terminal.Terminal.standard()
    if arguments.stop:
        return kept.stop(arguments.stop, screen=screen)
    directory, is_kept = pathlib.Path(tempfile.mkdtemp(prefix="acrcmk-demo-")), False
    try:
        with processes.Children(directory, outlive_parent=arguments.keep) as children:
            ready = await _run(children, screen=screen, arguments=arguments)
            if ready and arguments.keep:
                kept.keep(children)
                is_kept = True
    finally:
        if not is_kept:
            shutil.rmtree(directory, ignore_errors=True)
    return 0 if ready else 1


async def _run(children: processes.Children, *, screen: terminal.Terminal, arguments: argparse.Namespace) -> bool:
    """Run and print the demo; return False, with the cause on the screen, if the object did not become Ready."""
    try:
        async with asyncio.timeout(arguments.timeout):
            await _show(children, screen=screen, arguments=arguments)
    except TimeoutError:
        problem = (
            f"not Ready within {arguments.timeout:g} s; end of the operator's log:\n{_operator_log_tail(children)}"
        )
    except (processes.ChildError, KubectlError) as error:
        problem = str(error)
    else:
        return True
    screen.line(screen.paint(f"The demo failed: {problem}", terminal.RED))
    return False


async def _show(children: processes.Children, *, screen: terminal.Terminal, arguments: argparse.Namespace) -> None:
    sample = launch.sample()
    name = sample["metadata"]["name"]
    screen.line(screen.paint("From kubectl apply to a registry encrypted with a customer-managed key", terminal.BOLD))
    screen.live("starting Azure and Kubernetes ...")
    lab = launch.Lab.open(children, speed=arguments.speed, spec=sample["spec"])
    _print_endpoints(lab, screen=screen)
    _print_command("kubectl apply -f", launch.CRDS, screen=screen)
    screen.line(launch.apply_crds(lab.kubectl))
    lab.start_operator()
    _print_command("kubectl apply -f", launch.SAMPLE, screen=screen)
    screen.line(lab.kubectl.run("apply", "-f", str(launch.SAMPLE)))
    printer = progress.ProgressPrinter(screen=screen, lab=lab)
    await progress.follow(printer, name=name)
    _print_result(lab, name=name, screen=screen)
    azure_seconds = printer.elapsed * arguments.speed
    summary = f"Ready after {printer.elapsed:.1f} s, which are {azure_seconds:.0f} s of Azure's time."
    screen.line(screen.paint(summary, terminal.GREEN))
    if arguments.keep:
        screen.line(kept.instructions(lab, name=name))


def _print_endpoints(lab: launch.Lab, *, screen: terminal.Terminal) -> None:
    screen.line(f"  Azure       {lab.environment['ACRCMK_RESOURCE_MANAGER']}, {lab.speed:g} times real time")
    screen.line(f"  Kubernetes  {lab.kube.kubeconfig}")
    screen.line()


def _print_result(lab: launch.Lab, *, name: str, screen: terminal.Terminal) -> None:
    screen.line()
    _print_command("kubectl get encreg -o wide", screen=screen)
    screen.line(lab.kubectl.run("get", "encreg", "-o", "wide"))
    _print_command(f"kubectl get encreg {name} -o jsonpath={{.status.encryption}}", screen=screen)
    screen.line(screen.paint("# as az acr encryption show prints it", terminal.DIM))
    encryption = lab.kubectl.json("get", "encreg", name)["status"]["encryption"]
    screen.line(json.dumps(encryption, indent=2, sort_keys=True))
    screen.line()


def _print_command(command: str, *paths: pathlib.Path, screen: terminal.Terminal) -> None:
    arguments = shlex.join(os.path.relpath(path) for path in paths)
    screen.line(screen.paint(f"$ {command} {arguments}".rstrip(), terminal.BOLD))


def _operator_log_tail(children: processes.Children) -> str:
    return "\n".join(child.log_tail() for child in children.started if child.name == "operator")
