"""`acrcmk-lab demo`: on one machine, from `kubectl apply` to a registry encrypted with a key of one's own."""

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

HELP = """The main job end to end, shown live: lab, operator and kubectl.

Starts local stand-ins for Azure and for the Kubernetes API and the operator as processes of its own, applies
crds/ and deploy/samples/minimal.yaml with kubectl, and follows the object's conditions until it is Ready.
Your own kubeconfig and Azure login are never looked at. Ctrl-C ends everything.

  acrcmk-lab demo              watch it
  acrcmk-lab demo --keep       leave all running afterwards, and say how to look around
  acrcmk-lab demo --stop DIR   end what --keep left running"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--speed", type=float, default=6.0, help="Azure's seconds per second (%(default)g)")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds until it gives up (%(default)g)")
    parser.add_argument("--keep", action="store_true", help="leave everything running afterwards")
    parser.add_argument("--stop", type=pathlib.Path, metavar="DIR", help="end a demo that was kept")


async def run(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 only when the object became Ready."""
    screen = terminal.Terminal.standard()
    if arguments.stop:
        return kept.stop(arguments.stop, screen=screen)
    directory, keep = pathlib.Path(tempfile.mkdtemp(prefix="acrcmk-demo-")), False
    try:
        with processes.Family(directory, outlive_parent=arguments.keep) as family:
            ready = await _attempt(family, screen=screen, arguments=arguments)
            if ready and arguments.keep:
                kept.leave(family)
                keep = True
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    return 0 if ready else 1


async def _attempt(family: processes.Family, *, screen: terminal.Terminal, arguments: argparse.Namespace) -> bool:
    """Show the story; False, with the reason on the screen, when it does not come to its good end."""
    try:
        async with asyncio.timeout(arguments.timeout):
            await _show(family, screen=screen, arguments=arguments)
    except TimeoutError:
        problem = f"not Ready within {arguments.timeout:g} s; the operator's last words:\n{_last_words(family)}"
    except (processes.ChildError, KubectlError) as error:
        problem = str(error)
    else:
        return True
    screen.line(screen.paint(f"The demo failed: {problem}", terminal.RED))
    return False


async def _show(family: processes.Family, *, screen: terminal.Terminal, arguments: argparse.Namespace) -> None:
    sample = launch.sample()
    name = sample["metadata"]["name"]
    screen.line(screen.paint("From kubectl apply to a registry with a key of its own", terminal.BOLD))
    screen.live("starting Azure and Kubernetes ...")
    lab = launch.Lab.open(family, speed=arguments.speed, spec=sample["spec"])
    _introduce(lab, screen=screen)
    _command("kubectl apply -f", launch.CRDS, screen=screen)
    screen.line(launch.apply_crds(lab.kubectl))
    lab.start_operator()
    _command("kubectl apply -f", launch.SAMPLE, screen=screen)
    screen.line(lab.kubectl.run("apply", "-f", str(launch.SAMPLE)))
    teller = progress.Teller(screen=screen, lab=lab)
    await progress.tell(teller, name=name)
    _show_result(lab, name=name, screen=screen)
    azure_seconds = teller.elapsed * arguments.speed
    ended = f"Ready after {teller.elapsed:.1f} s, which are {azure_seconds:.0f} s of Azure's time."
    screen.line(screen.paint(ended, terminal.GREEN))
    if arguments.keep:
        screen.line(kept.advice(lab, name=name))


def _introduce(lab: launch.Lab, *, screen: terminal.Terminal) -> None:
    screen.line(f"  Azure       {lab.environment['ACRCMK_RESOURCE_MANAGER']}, {lab.speed:g} times real time")
    screen.line(f"  Kubernetes  {lab.kube.kubeconfig}")
    screen.line()


def _show_result(lab: launch.Lab, *, name: str, screen: terminal.Terminal) -> None:
    screen.line()
    _command("kubectl get encreg -o wide", screen=screen)
    screen.line(lab.kubectl.run("get", "encreg", "-o", "wide"))
    _command(f"kubectl get encreg {name} -o jsonpath={{.status.encryption}}", screen=screen)
    screen.line(screen.paint("# as az acr encryption show prints it", terminal.DIM))
    encryption = lab.kubectl.json("get", "encreg", name)["status"]["encryption"]
    screen.line(json.dumps(encryption, indent=2, sort_keys=True))
    screen.line()


def _command(command: str, *paths: pathlib.Path, screen: terminal.Terminal) -> None:
    shown = shlex.join(os.path.relpath(path) for path in paths)
    screen.line(screen.paint(f"$ {command} {shown}".rstrip(), terminal.BOLD))


def _last_words(family: processes.Family) -> str:
    return "\n".join(child.log_tail() for child in family.children if child.name == "operator")
