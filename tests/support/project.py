"""Where things are in this repository, and what its manifests say."""

import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CRDS = ROOT / "crds"
DEPLOY = ROOT / "deploy"
MANIFESTS = DEPLOY / "operator"
OPERATOR_USER = "system:serviceaccount:acrcmk-system:acrcmk-operator"
"""The service account of the manifests, as RBAC names it."""


def documents(folder: pathlib.Path) -> list[dict]:
    """Return every object in the YAML files of a folder."""
    files = sorted(folder.glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text()) if one]
