"""Which cines are read, in which order, and which of them again."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.errors import ConfigError
from cinemyo.evaluation.label_errors import label_error_list
from cinemyo.record.reading_set import drawn, key_of, mixed, sequence
from tests.evaluation.test_label_errors import planted

CINES = pd.DataFrame({"cine_id": [f"c{k}" for k in range(40)], "patient_id": [f"p{k // 4}" for k in range(40)]})


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_all_cines_are_drawn_without_a_count() -> None:
    assert sorted(drawn(CINES, count=None, generator=generator())) == sorted(CINES["cine_id"])


def test_every_patient_gives_a_cine_before_any_gives_a_second() -> None:
    found = drawn(CINES, count=15, generator=generator())
    counts = Counter(CINES.set_index("cine_id")["patient_id"][found])
    assert (len(counts), max(counts.values())) == (10, 2)


@pytest.mark.parametrize("count", [0, 41])
def test_more_cines_than_there_are_are_refused(count: int) -> None:
    with pytest.raises(ConfigError, match="1 to 40 cines"):
        drawn(CINES, count=count, generator=generator())


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.integers(1, 60), st.floats(0, 0.5), st.integers(0, 100))
def test_a_rereading_comes_at_least_a_quarter_of_the_set_later(count: int, share: float, seed: int) -> None:
    names = [f"c{number}" for number in range(count)]
    placed = sequence(names, rereadings=share, generator=generator(seed))
    first = {cine: place for place, (cine, reading) in enumerate(placed) if reading == 1}
    again = {cine: place for place, (cine, reading) in enumerate(placed) if reading == 2}
    assert sorted(first) == sorted(names)
    assert len(again) == min(count // 2, round(share * count))
    assert all(place - first[cine] >= max(1, count // 4) for cine, place in again.items())


def test_the_order_is_random() -> None:
    names = CINES["cine_id"].tolist()
    orders = [[cine for cine, _ in sequence(names, rereadings=0, generator=generator(seed))] for seed in (1, 2)]
    assert names != orders[0] != orders[1]


def test_the_same_seed_draws_the_same_set() -> None:
    names = CINES["cine_id"].tolist()
    assert sequence(names, rereadings=0.3, generator=generator()) == sequence(
        names, rereadings=0.3, generator=generator()
    )


@pytest.mark.parametrize("share", [-0.1, 0.6])
def test_a_share_of_rereadings_that_cannot_be_kept_apart_is_refused(share: float) -> None:
    with pytest.raises(ConfigError, match=r"a share from 0 to 0\.5"):
        sequence(["c0", "c1"], rereadings=share, generator=generator())


def test_candidates_are_mixed_with_as_many_cines_called_right() -> None:
    own, cines, _ = planted()
    candidates, controls = mixed(own, cines=cines, count=None, generator=generator())
    right = set(own.answers.query("truth == predicted")["cine_id"])
    assert len(controls) == len(candidates) == len(label_error_list(own, cines=cines))
    assert set(controls) <= right - set(candidates)


def test_a_count_keeps_the_least_likely_labels() -> None:
    own, cines, _ = planted()
    candidates, controls = mixed(own, cines=cines, count=6, generator=generator())
    assert candidates == label_error_list(own, cines=cines)["cine_id"].head(3).tolist()
    assert len(controls) == 3


def test_an_arm_without_candidates_is_refused() -> None:
    own, cines, _ = planted()
    few = type(own)(own.name, own.arm, own.answers.head(1), own.test_share)
    with pytest.raises(ConfigError, match="candidates for label errors"):
        mixed(few, cines=cines, count=None, generator=generator())


def test_the_key_tells_reading_and_origin() -> None:
    cines = ["c-" + letter * 16 for letter in "ab"]
    key = key_of([(cines[0], 1), (cines[1], 1), (cines[0], 2)], origins={cines[1]: "control"})
    assert key["item"].tolist() == ["item_0001", "item_0002", "item_0003"]
    assert key["origin"].tolist() == ["drawn", "control", "drawn"]
    assert key["reading"].tolist() == [1, 1, 2]
