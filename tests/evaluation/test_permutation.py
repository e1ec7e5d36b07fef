"""The permutation test of equal shares, patients as units."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cinemyo.evaluation.permutation import equality_p


def p_of(hits: list[int], groups: list[int], clusters: list[str], *, draws: int = 4000, seed: int = 0) -> float:
    arrays = {"groups": np.array(groups), "clusters": np.array(clusters, dtype=object)}
    return equality_p(np.array(hits), draws=draws, generator=np.random.default_rng(seed), **arrays)


def test_with_a_row_per_patient_it_is_fisher_s_exact_test() -> None:
    table = [[18, 12], [27, 3]]
    hits = [1] * 18 + [0] * 12 + [1] * 27 + [0] * 3
    p = p_of(hits, [0] * 30 + [1] * 30, [f"p{number}" for number in range(60)], draws=20000)
    assert p == pytest.approx(stats.fisher_exact(table).pvalue, abs=0.004)


def test_answers_without_an_error_differ_in_nothing() -> None:
    assert p_of([1] * 6, [0, 0, 0, 1, 1, 1], list("abcdef")) == 1


def test_rows_of_one_patient_are_not_counted_as_several() -> None:
    hits, groups = [1] * 20 + [0] * 20, [0] * 20 + [1] * 20
    alone = p_of(hits, groups, [f"p{number}" for number in range(40)])
    two = p_of(hits, groups, ["a"] * 20 + ["b"] * 20)
    assert alone < 0.001 < 0.5 < two


def test_a_difference_within_patients_is_found() -> None:
    hits, groups = [1, 0] * 30, [0, 1] * 30
    assert p_of(hits, groups, [f"p{number // 2}" for number in range(60)]) < 0.001


def test_patients_with_different_numbers_of_rows_are_taken_together() -> None:
    hits = [1, 1, 0] * 10 + [1] * 10 + [0] * 10
    groups = [0, 1, 2] * 10 + [0] * 10 + [2] * 10
    clusters = [f"p{number // 3}" for number in range(30)] + [f"q{number}" for number in range(20)]
    assert p_of(hits, groups, clusters) < 0.001


def test_the_same_seed_gives_the_same_p() -> None:
    own = ([1, 0, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1], list("aabbcd"))
    assert p_of(*own) == p_of(*own)


def test_without_a_difference_small_values_are_as_rare_as_they_say() -> None:
    generator, found = np.random.default_rng(5), 0
    for seed in range(300):
        clusters, groups = np.repeat(np.arange(40), 2), np.tile([0, 1], 40)
        groups[:20] = 0
        hits = (generator.random(80) < np.repeat(generator.beta(4, 1, 40), 2)).astype(int)
        found += p_of(hits.tolist(), groups.tolist(), clusters.astype(str).tolist(), draws=400, seed=seed) <= 0.05
    assert found / 300 <= 0.08


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=30))
def test_p_is_a_probability_whoever_has_how_many_rows(rows: list[tuple[int, int]]) -> None:
    groups = [number % 2 for number in range(len(rows))]
    p = p_of([hit for hit, _ in rows], groups, [f"p{owner}" for _, owner in rows], draws=50)
    assert 0 < p <= 1
