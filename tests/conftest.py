"""What all tests share."""

from collections.abc import Iterator

import pytest

pytest_plugins = ["tests.support.fixtures"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Show the end of the processes' logs beside a failed integration test."""
    report = yield
    children = item.funcargs.get("children") if isinstance(item, pytest.Function) else None
    if report.failed and children is not None:
        for child in children.started:
            report.sections.append((f"end of {child.log}", child.log_tail(lines=40)))
    return report
