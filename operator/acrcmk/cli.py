"""`acrcmk`: run the operator, or print its CRD."""

import asyncio
import sys

import pydantic
import pydantic_settings

from acrcmk import app
from acrcmk.api import crd
from acrcmk.settings import Settings


class Run(Settings):
    """Run the operator until SIGTERM or SIGINT."""

    def cli_cmd(self) -> None:
        """Run."""
        asyncio.run(app.run(self))


class Crd(pydantic.BaseModel):
    """Print the CustomResourceDefinition of EncryptedRegistry."""

    def cli_cmd(self) -> None:
        """Print."""
        print(crd.crd_yaml(), end="")


class Command(pydantic_settings.BaseSettings):
    """Azure Container Registries encrypted with customer-managed keys, as Kubernetes objects."""

    model_config = pydantic_settings.SettingsConfigDict(
        cli_prog_name="acrcmk", cli_kebab_case=True, cli_hide_none_type=True
    )

    run: pydantic_settings.CliSubCommand[Run]
    crd: pydantic_settings.CliSubCommand[Crd]

    def cli_cmd(self) -> None:
        """Run the subcommand."""
        pydantic_settings.CliApp.run_subcommand(self)


def main() -> int:
    """Run the command line; print one line per invalid setting."""
    try:
        pydantic_settings.CliApp.run(Command)
    except pydantic.ValidationError as error:
        for problem in error.errors(include_url=False):
            print(f"acrcmk: {_setting(str(problem['loc'][-1]))}: {problem['msg']}", file=sys.stderr)
        return 2
    return 0


def _setting(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"{Settings.model_config['env_prefix']}{name.upper()}" if name in Settings.model_fields else name


if __name__ == "__main__":
    sys.exit(main())
