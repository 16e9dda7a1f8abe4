"""The lab's settings for the behaviour of Azure at the date of a recording.

Container Registry's responses have three generations: the final state at once until 2020-03, an operation whose
resource shows the old state from 2020-07, one whose resource shows the new state from 2023-03. Vaults without soft
delete existed until the end of 2020. Challenges and key attributes of a vault's own endpoint depend on the release of
its service, which is in its response headers.
"""

import datetime

from acrcmk_lab.replay import observations
from acrcmk_lab.replay.recordings import Recording

_GEN_B = datetime.date(2020, 6, 1)
"""Like the other dates: between the last recording of one behaviour and the first of the next."""
_GEN_C = datetime.date(2023, 3, 1)
_SOFT_DELETE_FOR_ALL = datetime.date(2021, 1, 1)
_VAULT_RELEASES = (
    (datetime.date(2023, 7, 1), "1.9.1054.1"),
    (datetime.date(2022, 6, 15), "1.9.501.1"),
    (datetime.date(2021, 6, 1), "1.9.12.0"),
    (datetime.date.min, "1.1.60.0"),
)
"""The first recorded release of each format of a vault's responses, with the earliest date at which it is assumed."""


def settings(day: datetime.date) -> dict[str, str]:
    """Return the settings for a date."""
    mode = "GEN_A" if day < _GEN_B else "GEN_B" if day < _GEN_C else "GEN_C"
    return {
        "registry_mode": mode,
        "disabled_soft_delete": "accept" if day < _SOFT_DELETE_FOR_ALL else "reject",
        "vault_release": next(release for since, release in _VAULT_RELEASES if day >= since),
    }


def vault_release(recording: Recording) -> dict[str, str]:
    """Return the setting for the vault release in a recording's headers; empty without one."""
    releases = (
        e.headers.get("x-ms-keyvault-service-version") for e in recording.exchanges if observations.vault_name(e)
    )
    release = next(filter(None, releases), None)
    return {"vault_release": release} if release else {}
