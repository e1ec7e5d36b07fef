"""What all tests share."""

from collections.abc import Iterator
from functools import cache

import pytest
from coverage import Coverage

from cinemyo import events


@pytest.fixture(scope="session", autouse=True)
def _one_environment() -> Iterator[None]:
    """Lists what is installed once in a process: each recorded run asks, and the answer takes a fifth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "environment", cache(events.environment))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: where files run side by side, one that began late would be waited for."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Runs slow tests without the tracer of coverage, which lengthens them by half and more: the others count lines."""
    running = Coverage.current() if item.get_closest_marker("slow") else None
    if running is None:
        yield
        return
    running.stop()
    yield
    running.start()
