"""What Azure was like on the day of a recording: switches by date.

Container Registry's answers came in three generations: final at once until 2020-03, an operation that
shows the old state from 2020-07, one that shows the new state from 2023-03. Vaults could do without
soft delete until the end of 2020.
"""

import datetime

# Moments of the change lie between the last recording of one form and the first of the next.
_GEN_B = datetime.date(2020, 6, 1)
_GEN_C = datetime.date(2023, 3, 1)
_SOFT_DELETE_FOR_ALL = datetime.date(2021, 1, 1)


def switches(day: datetime.date) -> dict[str, str]:
    """Return the switches for a day."""
    mode = "GEN_A" if day < _GEN_B else "GEN_B" if day < _GEN_C else "GEN_C"
    return {
        "registry_mode": mode,
        "disabled_soft_delete": "accept" if day < _SOFT_DELETE_FOR_ALL else "reject",
    }
