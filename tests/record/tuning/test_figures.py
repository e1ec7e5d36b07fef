"""Figures of a search: drawn for every kind of end, the same bytes for the same trials."""

from cinemyo.record.tuning import figures
from cinemyo.tuning.objectives import DIRECTIONS
from cinemyo.tuning.study import Told

WORDS = {"title": "A search", "note": "Part 0 was not read."}


def told(number: int, state: str, accuracy: float = 0.5) -> Told:
    complete = dict.fromkeys(DIRECTIONS, accuracy) if state == "complete" else {}
    curve = ((0.5, accuracy),) if state != "failed" else ()
    return Told(number, state, {"crop_px": 48}, 1.0, curve, complete, "", 1.0)  # type: ignore[arg-type]


TRIALS = [told(0, "complete"), told(1, "pruned", 0.2), told(2, "failed"), told(4, "complete", 0.7)]


def is_png(content: bytes) -> bool:
    return content.startswith(b"\x89PNG")


def test_the_history_of_every_kind_of_end_is_drawn() -> None:
    assert is_png(figures.history(TRIALS, primary="accuracy", **WORDS))


def test_a_history_without_complete_trials_is_drawn() -> None:
    assert is_png(figures.history(TRIALS[1:3], primary="accuracy", **WORDS))


def test_unknown_importances_are_said_to_be_so() -> None:
    assert figures.importances({}, **WORDS) != figures.importances({"crop_px": 1.0}, **WORDS)


def test_the_front_stands_out() -> None:
    plain, marked = (
        figures.front(TRIALS, members=members, objectives=["accuracy", "gflops", "ece"], **WORDS)
        for members in ([], [4])
    )
    assert plain != marked


def test_the_same_trials_give_the_same_bytes() -> None:
    first, again = (figures.history(TRIALS, primary="nll", **WORDS) for _ in range(2))
    assert first == again
