"""`acrcmk-lab az-env`: use the real `az` with the lab, without a login and without changes to `az`.

`az` has the account and the subscription in its configuration folder. This writes such a folder with the content that
`az login --service-principal --federated-token` writes, without telemetry, surveys, upgrades and extension downloads,
and an environment whose proxy routes Azure's host names to the lab.
"""

import argparse
import configparser
import json
import pathlib
import shlex
import sys
from collections.abc import Mapping

from acrcmk_lab import launch

ENV_FILE = "az.env"
TOKEN_CACHES = ("msal_token_cache.json", "msal_http_cache.bin")
"""Files of `az` with tokens, maybe of an earlier lab in the same folder."""

HELP = f"""Environment and configuration for the real az, to use the running lab with no login.

Needs the file that `acrcmk-lab azure --env` writes. Prints shell exports, and writes them to DIR/{ENV_FILE}:

  acrcmk-lab azure --env azure.env --dir lab &
  eval "$(acrcmk-lab az-env --env azure.env --dir lab/az)"
  az group list --output table
  az acr encryption show --name REGISTRY

az is then signed in as a service principal that owns the lab's subscription, can use keys and query Microsoft Graph.
Your own ~/.azure is neither read nor written. curl uses the lab with the same environment:

  curl https://management.azure.com/subscriptions?api-version=2022-12-01 \\
    -H "Authorization: Bearer $(az account get-access-token --query accessToken --output tsv)"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--env", type=pathlib.Path, required=True, help="file that `acrcmk-lab azure --env` wrote")
    parser.add_argument(
        "--dir", type=pathlib.Path, required=True, help="folder for az's configuration, new or written by az-env"
    )


async def run(arguments: argparse.Namespace) -> int:
    """Write the folder and print the exports."""
    try:
        environment = prepare(arguments.dir.resolve(), lab=launch.read_env(arguments.env))
    except (OSError, KeyError, ValueError) as error:
        print(f"acrcmk-lab az-env: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    for name, value in environment.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def prepare(folder: pathlib.Path, *, lab: Mapping[str, str]) -> dict[str, str]:
    """Write az's configuration into `folder` and return the environment that goes with it.

    `lab` is what `acrcmk-lab azure --env` wrote. Raises ValueError for a folder with other files.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / ENV_FILE).exists():
        raise ValueError(f"{folder} is not empty, and was not created by az-env")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for cache in TOKEN_CACHES:
        (folder / cache).unlink(missing_ok=True)
    environment = _environment(folder, lab=lab)
    (folder / ENV_FILE).write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    _write_settings(folder / "config")
    _write_json(folder / "azureProfile.json", _profile(lab))
    _write_json(folder / "service_principal_entries.json", _credentials(lab))
    return environment


def _environment(folder: pathlib.Path, *, lab: Mapping[str, str]) -> dict[str, str]:
    # Python's requests prefers the names in lower case, so both are set; the user's NO_PROXY may have Azure's hosts.
    proxies = {"HTTPS_PROXY": lab["ACRCMK_LAB_PROXY"], "NO_PROXY": "127.0.0.1,localhost"}
    return {
        "AZURE_CONFIG_DIR": str(folder),
        **proxies,
        **{name.lower(): value for name, value in proxies.items()},
        "REQUESTS_CA_BUNDLE": lab["ACRCMK_CA_BUNDLE"],
        "SSL_CERT_FILE": lab["ACRCMK_CA_BUNDLE"],
    }


def _write_settings(path: pathlib.Path) -> None:
    """Disable everything that uses hosts other than Azure's."""
    settings = configparser.ConfigParser()
    settings["core"] = {"collect_telemetry": "no", "survey_message": "no"}
    settings["auto-upgrade"] = {"enable": "no"}
    settings["extension"] = {"use_dynamic_install": "no"}
    with path.open("w") as file:
        settings.write(file)


def _profile(lab: Mapping[str, str]) -> dict[str, object]:
    """Return the account and its subscription."""
    tenant = lab["AZURE_TENANT_ID"]
    subscription = {
        "id": lab["ACRCMK_SUBSCRIPTION_ID"],
        "name": "acrcmk lab",
        "state": "Enabled",
        "isDefault": True,
        "tenantId": tenant,
        "homeTenantId": tenant,
        "managedByTenants": [],
        "environmentName": "AzureCloud",
        "user": {"name": lab["ACRCMK_LAB_PERSON_ID"], "type": "servicePrincipal"},
    }
    return {"subscriptions": [subscription]}


def _credentials(lab: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the credentials of the service principal."""
    return [
        {
            "client_id": lab["ACRCMK_LAB_PERSON_ID"],
            "tenant": lab["AZURE_TENANT_ID"],
            "client_assertion": pathlib.Path(lab["ACRCMK_LAB_PERSON_TOKEN_FILE"]).read_text(),
        }
    ]


def _write_json(path: pathlib.Path, content: object) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2))
