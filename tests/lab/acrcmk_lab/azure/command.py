"""`acrcmk-lab azure`: serve the lab's Azure until interrupted."""

import argparse
import asyncio
import contextlib
import pathlib
import signal
import sys

from acrcmk_lab.azure import server
from acrcmk_lab.azure.server import AzureLab
from acrcmk_lab.azure.state.clock import Clock
from acrcmk_lab.azure.state.request_log import Log
from acrcmk_lab.azure.state.settings import Settings

DEFAULT_GROUP = "rg-demo:westeurope"
HELP = """Azure for the lab: Resource Manager, Key Vault and tokens on one TLS port.

Prints the environment that a client needs, or writes it with --env. By hand:

  acrcmk-lab azure --env azure.env --dir lab &
  set -a; . ./azure.env; set +a
  token=$(curl -s --cacert $ACRCMK_CA_BUNDLE $AZURE_AUTHORITY_HOST/$AZURE_TENANT_ID/oauth2/v2.0/token \\
    -d grant_type=client_credentials -d client_id=$AZURE_CLIENT_ID -d scope=https://management.azure.com/.default \\
    -d client_assertion=$(cat $AZURE_FEDERATED_TOKEN_FILE) | sed 's/.*"access_token":"\\([^"]*\\).*/\\1/')
  curl -s --cacert $ACRCMK_CA_BUNDLE -H "Authorization: Bearer $token" \\
    "$ACRCMK_RESOURCE_MANAGER/subscriptions/$ACRCMK_SUBSCRIPTION_ID/resources?api-version=2025-04-01"

The real az and Azure's own host names, through the lab's proxy: `acrcmk-lab az-env --help`.

The control API needs no token:

  curl -s --cacert $ACRCMK_CA_BUNDLE $ACRCMK_RESOURCE_MANAGER/_sim/state
  curl -s --cacert $ACRCMK_CA_BUNDLE $ACRCMK_RESOURCE_MANAGER/_sim/settings
  curl -s --cacert $ACRCMK_CA_BUNDLE $ACRCMK_RESOURCE_MANAGER/_sim/set \\
    -H 'content-type: application/json' -d '{"rbac_propagation": "600"}'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--port", type=int, default=0, help="port to serve on (default: any free one)")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="simulated seconds per second (default 1; 0 stands still)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all ids and draws (default 0)")
    parser.add_argument("--dir", type=pathlib.Path, help="folder for ca.pem and token (default: a temporary one)")
    parser.add_argument("--env", type=pathlib.Path, help="file to write the client's environment to, once serving")
    parser.add_argument("--log", type=pathlib.Path, help="file to append every request to, one JSON object a line")
    parser.add_argument("--verbose", action="store_true", help="print every request")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; --set help lists them"
    )
    parser.add_argument(
        "--group",
        action="append",
        metavar="NAME[:LOCATION]",
        help=f"resource group to begin with (default {DEFAULT_GROUP})",
    )


async def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    settings = Settings() if arguments.speed else Settings.without_latency()
    if "help" in arguments.set:
        for name, value, meaning in settings.describe():
            print(f"{name}={value}\n    {meaning}")
        return 0
    try:
        for name, _, value in (text.partition("=") for text in arguments.set):
            settings.set(name, value=value)
    except ValueError as error:
        print(f"acrcmk-lab azure: --set: {error}", file=sys.stderr)
        return 2
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(arguments.log.open("a")) if arguments.log else None
        lab = AzureLab(
            time=Clock(speed=arguments.speed),
            settings=settings,
            seed=arguments.seed,
            port=arguments.port,
            folder=arguments.dir.resolve() if arguments.dir else None,
            groups=tuple(arguments.group or (DEFAULT_GROUP,)),
            log=Log(stream, verbose=arguments.verbose),
        )
        async with lab:
            _publish_environment(lab, arguments.env)
            await _wait_for_signal()
    return 0


def _publish_environment(lab: AzureLab, path: pathlib.Path | None) -> None:
    environment = lab.environment()
    if path:
        server.write_environment(path, environment)
    else:
        print("\n".join(f"{name}={value}" for name, value in environment.items()), flush=True)


async def _wait_for_signal() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
