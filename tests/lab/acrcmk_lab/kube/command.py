"""`acrcmk-lab kube`: run the embedded API server by hand."""

import argparse
import asyncio
import logging
import pathlib
import signal
from typing import Final

from acrcmk_lab.kube.http import server

HELP: Final = """Run an embedded Kubernetes API: one process, TLS, a bearer token, no etcd.

It writes a kubeconfig once it serves. Then, in another terminal:

    export KUBECONFIG=FILE
    kubectl get namespaces
    kubectl apply -f crds/
    kubectl explain encreg.spec
    kubectl get encreg -w

or by hand (the token and the CA are in the kubeconfig):

    kubectl get --raw /openapi/v3
    kubectl proxy --port 8001 & curl http://127.0.0.1:8001/apis

It behaves as Kubernetes 1.36 does where operators and kubectl look: definitions, validation, CEL, server-side apply,
watches, tables. It runs no workloads. --state FILE keeps the objects over a restart.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kubeconfig", type=pathlib.Path, required=True, metavar="FILE", help="written once it serves")
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    parser.add_argument("--state", type=pathlib.Path, metavar="FILE", help="keep the objects in FILE over restarts")
    parser.add_argument("--log", type=pathlib.Path, metavar="FILE", help="append one JSON object per request to FILE")
    parser.add_argument("--verbose", action="store_true", help="print every request")


async def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.WARNING, format="%(asctime)s %(message)s")
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    settings = server.Settings(port=arguments.port, state=arguments.state, log=arguments.log)
    async with server.KubeLab(settings) as lab:
        lab.write_kubeconfig(arguments.kubeconfig)
        print(f"Kubernetes API at {lab.url}; use it with: export KUBECONFIG={arguments.kubeconfig}", flush=True)
        await stopped.wait()
    return 0
