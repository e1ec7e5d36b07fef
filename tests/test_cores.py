"""One rule for how many processes work side by side."""

import os

import pytest

from cinemyo.cores import VARIABLE, cores


def test_the_number_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "7")
    assert cores() == 7


@pytest.mark.parametrize("said", [None, "", "0", "-1", "many"])
def test_else_it_is_one_for_each_core(said: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if said is not None:
        monkeypatch.setenv(VARIABLE, said)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert cores() == 3
