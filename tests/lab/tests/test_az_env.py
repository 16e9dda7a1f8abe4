"""The configuration that the real az finds in the lab."""

import argparse
import json

import pytest

from acrcmk_lab import az_env, launch

LAB = {
    "AZURE_TENANT_ID": "tenant",
    "ACRCMK_SUBSCRIPTION_ID": "subscription",
    "ACRCMK_CA_BUNDLE": "/lab/ca.pem",
    "ACRCMK_LAB_PROXY": "http://127.0.0.1:1",
    "ACRCMK_LAB_PERSON_ID": "person",
}


@pytest.fixture
def lab(tmp_path):
    token = tmp_path / "person-token"
    token.write_text("assertion")
    return LAB | {"ACRCMK_LAB_PERSON_TOKEN_FILE": str(token)}


def read(path):
    return json.loads(path.read_text())


def test_az_is_a_service_principal_signed_in_to_the_labs_subscription(tmp_path, lab):
    folder = tmp_path / "az"
    az_env.prepare(folder, lab=lab)

    (subscription,) = read(folder / "azureProfile.json")["subscriptions"]
    assert (subscription["id"], subscription["tenantId"], subscription["isDefault"]) == ("subscription", "tenant", True)
    assert subscription["user"] == {"name": "person", "type": "servicePrincipal"}
    assert read(folder / "service_principal_entries.json") == [
        {"client_id": "person", "tenant": "tenant", "client_assertion": "assertion"}
    ]


def test_secrets_are_for_the_user_alone(tmp_path, lab):
    folder = tmp_path / "az"
    az_env.prepare(folder, lab=lab)

    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "service_principal_entries.json").stat().st_mode & 0o077 == 0


def test_the_environment_is_returned_and_kept(tmp_path, lab):
    folder = tmp_path / "az"
    environment = az_env.prepare(folder, lab=lab)

    assert environment["AZURE_CONFIG_DIR"] == str(folder)
    assert environment["https_proxy"] == environment["HTTPS_PROXY"] == "http://127.0.0.1:1"
    assert environment["REQUESTS_CA_BUNDLE"] == "/lab/ca.pem"
    assert launch.read_env(folder / az_env.ENV_FILE) == environment


def test_tokens_of_an_earlier_lab_are_forgotten(tmp_path, lab):
    folder = tmp_path / "az"
    az_env.prepare(folder, lab=lab)
    (folder / "msal_token_cache.json").write_text("{}")
    az_env.prepare(folder, lab=lab)

    assert not (folder / "msal_token_cache.json").exists()


def test_a_folder_of_the_users_own_is_left_alone(tmp_path, lab):
    own = tmp_path / ".azure"
    own.mkdir()
    (own / "azureProfile.json").write_text("mine")

    with pytest.raises(ValueError, match="not created by az-env"):
        az_env.prepare(own, lab=lab)
    assert [file.name for file in own.iterdir()] == ["azureProfile.json"]
    assert (own / "azureProfile.json").read_text() == "mine"


async def test_the_command_prints_exports(tmp_path, lab, capsys):
    env = tmp_path / "azure.env"
    env.write_text("".join(f"{name}={value}\n" for name, value in lab.items()))

    assert await az_env.run(argparse.Namespace(env=env, dir=tmp_path / "a z")) == 0
    assert f"export AZURE_CONFIG_DIR='{tmp_path}/a z'\n" in capsys.readouterr().out


async def test_the_command_says_what_is_missing(tmp_path, capsys):
    env = tmp_path / "azure.env"
    env.write_text("AZURE_TENANT_ID=tenant\n")

    assert await az_env.run(argparse.Namespace(env=env, dir=tmp_path / "az")) == 2
    assert "ACRCMK_LAB_PROXY" in capsys.readouterr().err
