"""The old name leads to the same functions."""

from cinemyo.evaluation import comparison, intervals, statistics


def test_the_old_names_are_the_functions_of_intervals_and_comparison() -> None:
    for name in statistics.__all__:
        assert getattr(statistics, name) in {getattr(comparison, name, None), getattr(intervals, name, None)}
