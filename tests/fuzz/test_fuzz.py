"""A slice of the fuzzer's cases; all of them by `python -m benchmarks.fuzz`, one by `python -m tests.fuzz SEED`."""

import os

from tests.fuzz.worker import spread

CASES = 500
_PROCESSES = min(2, os.cpu_count() or 1)


def test_no_damage_ends_a_run_hangs_swells_or_loses_a_file() -> None:
    found = list(spread(range(CASES), processes=_PROCESSES))
    assert [f"{each.verdict}: {each.fault} <- {each.told}" for each in found if each.verdict != "held"] == []
    assert sorted(each.seed for each in found) == list(range(CASES))
