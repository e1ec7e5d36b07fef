"""Why a job failed, without a name of a machine, person or file."""

import pytest
import torch

from cinemyo.errors import WeightsError
from cinemyo.models.classifier import to_bytes
from cinemyo.sweeping.reason import LONGEST, reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no /home/jane/study/data/a.tif here", "no <path> here"),
        ("no ~/study/a.tif", "no <path>"),
        (r"no C:\Users\jane\a.tif", "no <path>"),
        ("cine c-abcdefgh234567ab has no label", "cine <id> has no label"),
        ("a kernel of 3 x 3 on 2/3 of it", "a kernel of 3 x 3 on 2/3 of it"),
        ("two\nlines", "two lines"),
        ("", "no message"),
    ],
)
def test_places_and_pseudonyms_are_left_out(said: str, told: str) -> None:
    assert reason(RuntimeError(said)) == f"RuntimeError: {told}"


def test_a_long_message_is_cut() -> None:
    assert len(reason(RuntimeError("x" * 5000))) < LONGEST + 20


def test_a_fault_of_ours_keeps_its_sentence() -> None:
    error = WeightsError("weights imagenet of vgg16", expected="weights", got="none", remedy="set backbone.weights")
    assert reason(error) == "WeightsError: weights imagenet of vgg16: expected weights, got none; set backbone.weights"


def test_another_fault_tells_its_last_place_in_our_code() -> None:
    with pytest.raises(AttributeError) as caught:
        to_bytes({"a": torch.zeros(1)}, arm=None)  # type: ignore[arg-type]
    assert reason(caught.value).startswith("AttributeError in models/classifier.py:")
