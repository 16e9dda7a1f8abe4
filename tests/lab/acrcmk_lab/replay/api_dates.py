"""What Azure was like on the day of a recording: switches by date.

Container Registry's answers came in three generations: final at once until 2020-03, an operation that
shows the old state from 2020-07, one that shows the new state from 2023-03. Vaults could do without
soft delete until the end of 2020. How a vault's own endpoint challenges and tells of keys goes with the
release of its service, which its answers name.
"""

import datetime

from acrcmk_lab.replay import observations, recording

# Moments of the change lie between the last recording of one form and the first of the next.
_GEN_B = datetime.date(2020, 6, 1)
_GEN_C = datetime.date(2023, 3, 1)
_SOFT_DELETE_FOR_ALL = datetime.date(2021, 1, 1)
# The first release seen of each form of a vault's answers, from a day on which it may have been there.
_VAULT_RELEASES = (
    (datetime.date(2023, 7, 1), "1.9.1054.1"),
    (datetime.date(2022, 6, 15), "1.9.501.1"),
    (datetime.date(2021, 6, 1), "1.9.12.0"),
    (datetime.date.min, "1.1.60.0"),
)


def switches(day: datetime.date) -> dict[str, str]:
    """Return the switches for a day."""
    mode = "GEN_A" if day < _GEN_B else "GEN_B" if day < _GEN_C else "GEN_C"
    return {
        "registry_mode": mode,
        "disabled_soft_delete": "accept" if day < _SOFT_DELETE_FOR_ALL else "reject",
        "vault_release": next(release for since, release in _VAULT_RELEASES if day >= since),
    }


def vault_release(tape: recording.Recording) -> dict[str, str]:
    """Return the switch for the release that a recording's vaults name; empty if none does."""
    named = (e.headers.get("x-ms-keyvault-service-version") for e in tape.exchanges if observations.vault_name(e))
    release = next(filter(None, named), None)
    return {"vault_release": release} if release else {}
