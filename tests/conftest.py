"""What all tests share."""

from collections.abc import Iterator
from functools import cache

import pytest

from cinemyo import events


@pytest.fixture(scope="session", autouse=True)
def _one_environment() -> Iterator[None]:
    """Lists what is installed once in a process: each recorded run asks, and the answer takes a fifth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "environment", cache(events.environment))
        yield
