"""Dates the way each Azure service writes them."""

import datetime


def seven_digits(moment: datetime.datetime) -> str:
    """.NET's round trip format without zone: `2023-12-21T23:57:13.3199686`; the last digit is invented."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + str(moment.microsecond % 10)


def zulu(moment: datetime.datetime) -> str:
    """Container Registry's `creationDate`, Authorization's `createdOn`."""
    return seven_digits(moment) + "Z"


def offset(moment: datetime.datetime) -> str:
    """Container Registry's `systemData` and `lastUpdatedTime`."""
    return seven_digits(moment) + "+00:00"


def milliseconds(moment: datetime.datetime) -> str:
    """Key Vault's `systemData`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(moment: datetime.datetime) -> str:
    """Key Vault's deletion dates."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def spaced(moment: datetime.datetime) -> str:
    """Key Vault's operation results: `2023-11-01 20:13:02Z`."""
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")


def american(moment: datetime.datetime) -> str:
    """The token errors' `3/19/2023 8:55:46 AM`."""
    hour = moment.hour % 12 or 12
    return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {moment:%p}"


def compact(moment: datetime.datetime) -> str:
    """The stamp in `x-ms-routing-request-id`: `20250909T081503Z`."""
    return moment.strftime("%Y%m%dT%H%M%SZ")


def ticks(moment: datetime.datetime) -> int:
    """.NET ticks (100 ns since year 1), as in the `t` parameter of signed URLs."""
    elapsed = moment - datetime.datetime(1, 1, 1, tzinfo=datetime.UTC)
    return (elapsed.days * 86400 + elapsed.seconds) * 10_000_000 + elapsed.microseconds * 10
