"""The operator as a process of its own, as a cluster would run it: settings from the environment."""

import dataclasses
import pathlib
from collections.abc import Mapping

from acrcmk_lab import launch, processes

SETTINGS = {
    "ACRCMK_HTTP_PORT": "0",
    "ACRCMK_LOG_LEVEL": "DEBUG",
    "ACRCMK_POLL_MIN_SECONDS": "0.1",
    "ACRCMK_POLL_MAX_SECONDS": "0.5",
    "ACRCMK_GRANT_DELAY_SECONDS": "0.5",
    "ACRCMK_RETRY_MIN_SECONDS": "0.1",
    "ACRCMK_RETRY_MAX_SECONDS": "1",
}
"""Impatient, since the lab's time runs faster than ours; no resync unless a test wants one."""


@dataclasses.dataclass
class Operator:
    """An operator that can be stopped, killed and started again with other settings."""

    children: processes.Children
    kubeconfig: pathlib.Path
    azure: Mapping[str, str]
    child: processes.Child | None = None
    settings: dict[str, str] = dataclasses.field(default_factory=dict)

    def start(self, **settings: str) -> None:
        """Start with `settings` (names without prefix, in lower case) over the usual ones."""
        assert self.child is None or not self.child.running, "two operators would do everything twice"
        self.settings = settings
        own = {f"ACRCMK_{name.upper()}": value for name, value in settings.items()}
        self.child = launch.start_operator(
            self.children, kubeconfig=self.kubeconfig, environment={**self.azure, **SETTINGS, **own}
        )

    def stop(self) -> None:
        """Stop in order, as the kubelet would."""
        self.child.stop()

    def kill(self) -> None:
        """Kill without warning, as a lost node would."""
        self.child.kill()

    def restart(self, **settings: str) -> None:
        """Stop, and start with other settings."""
        self.stop()
        self.start(**settings)

    def as_usual(self) -> None:
        """Leave it running with the usual settings for the next test."""
        if self.settings or not self.child.running:
            self.restart()
