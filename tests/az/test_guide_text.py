"""The script is the guide: its commands, in its order, and no others."""

import os
import pathlib
import re
import shlex

import pytest

from tests.az import walks

REFERENCE_DATA = pathlib.Path(os.environ.get("REFERENCE_DATA") or "REFERENCE_DATA is not set")
"""A folder that is not part of the project; `mission` in it holds the guide."""

PLACEHOLDERS = {
    "<resource-group-name>": "$group",
    "<location>": "$location",
    "<managed-identity-name>": "$identity",
    "<key-vault-name>": "$vault",
    "<key-name>": "$key",
    "<container-registry-name>": "$registry",
}
ADDED = ["$vault_options"]
"""Words of the script that the guide lacks: see there."""


def commands(text):
    """Return the lines of a shell text that call az or set a variable, as words."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if re.match(r"\s*(az |\w+=\$\()", line)]


def of_guide():
    guide = next(REFERENCE_DATA.glob("mission/*-guide.md"), None)
    if guide is None:
        pytest.skip("REFERENCE_DATA names no folder with the guide")
    method = guide.read_text().partition("## Method 1")[2].partition("## Method 2")[0]
    for placeholder, variable in PLACEHOLDERS.items():
        method = method.replace(placeholder, variable)
    return commands("\n".join(re.findall(r"```azurecli\n(.*?)```", method, re.DOTALL)))


def of_script():
    return [[word for word in words if word not in ADDED] for words in commands(walks.SCRIPT.read_text())]


def test_the_script_runs_the_guides_commands_in_the_guides_order():
    assert of_script() == of_guide()


def test_the_guide_leaves_nothing_open_that_the_script_does_not_fill():
    assert not [word for words in of_guide() for word in words if "<" in word]
