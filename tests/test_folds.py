"""The split type, which cannot leak, and the checks of a table of folds."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cinemyo.errors import SplitError
from cinemyo.folds import FoldSplit, Unseen, fold_count, split_of, verify
from cinemyo.labels import Scheme
from tests.cohort import cohort, name

PATIENTS = {f"c{index}": f"p{index // 2}" for index in range(12)}
DIGESTS = {cine: f"digest of {cine}" for cine in PATIENTS}


def build(
    train: tuple[str, ...], validation: tuple[str, ...], test: tuple[str, ...], *, scheme: Scheme = "honest"
) -> FoldSplit:
    return FoldSplit(scheme, 0, train, validation, test, PATIENTS, DIGESTS)


def table(parts: dict[str, str], *, scheme: str = "honest") -> tuple[pd.DataFrame, pd.DataFrame]:
    """(folds, cines) of the parts, every cine of its own patient."""
    cines = pd.DataFrame({"cine_id": list(parts), "patient_id": [f"p-{cine}" for cine in parts], "digest": list(parts)})
    folds = cines[["cine_id", "patient_id"]].assign(scheme=scheme, part=list(parts.values()))
    return folds, cines


def test_a_split_keeps_its_sides() -> None:
    assert build(("c0", "c1"), ("c2",), ("c4", "c5")).test == ("c4", "c5")


@pytest.mark.parametrize(
    "sides", [(("c0",), ("c2",), ("c1",)), (("c0",), ("c1",), ("c4",)), (("c4",), ("c0",), ("c1",))]
)
def test_a_patient_on_two_sides_is_refused(sides: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(SplitError, match="patient p0 in both"):
        build(*sides)


def test_by_input_the_patients_may_meet() -> None:
    assert build(("c0",), (), ("c1",), scheme="paper_by_input").train == ("c0",)


@pytest.mark.parametrize("scheme", ["honest", "paper", "paper_by_input"])
def test_a_cine_on_two_sides_is_refused(scheme: Scheme) -> None:
    with pytest.raises(SplitError, match="cine c0"):
        build(("c0", "c2"), ("c4",), ("c0",), scheme=scheme)


@pytest.mark.parametrize("scheme", ["honest", "paper", "paper_by_input"])
def test_equal_pixels_on_two_sides_are_refused(scheme: Scheme) -> None:
    with pytest.raises(SplitError, match="pixels of c2 in both"):
        FoldSplit(scheme, 0, ("c0",), ("c4",), ("c2",), PATIENTS, DIGESTS | {"c2": DIGESTS["c0"]})


@pytest.mark.parametrize("sides", [((), ("c0",), ("c2",)), (("c0",), ("c2",), ()), (("c0",), (), ("c2",))])
def test_an_empty_side_is_refused(sides: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(SplitError, match="got none"):
        build(*sides)


def test_the_paper_has_no_validation_side() -> None:
    assert build(("c0",), (), ("c2",), scheme="paper").validation == ()


def test_an_unknown_cine_is_refused() -> None:
    with pytest.raises(SplitError, match=r"cines of cines\.csv, got c99"):
        build(("c99",), ("c0",), ("c2",))


@given(st.lists(st.sampled_from(["train", "validation", "test", "out"]), min_size=12, max_size=12))
def test_a_split_exists_exactly_when_no_patient_is_on_two_sides(placed: list[str]) -> None:
    sides = {side: tuple(c for c, p in zip(PATIENTS, placed, strict=True) if p == side) for side in set(placed)}
    used = [sides.get(side, ()) for side in ("train", "validation", "test")]
    owners = [{PATIENTS[cine] for cine in side} for side in used]
    sound = all(used) and len(set().union(*owners)) == sum(map(len, owners))
    try:
        build(*used)
    except SplitError:
        assert not sound
    else:
        assert sound


def test_honest_validation_is_the_next_fold() -> None:
    folds, cines = table({"a": "0", "b": "1", "c": "2", "d": "holdout"})
    split = split_of(folds, scheme="honest", fold=2, cines=cines)
    assert (split.train, split.validation, split.test) == (("b",), ("a",), ("c",))


def test_the_paper_trains_on_all_other_folds() -> None:
    folds, cines = table({"a": "0", "b": "1", "c": "2"}, scheme="paper")
    split = split_of(folds, scheme="paper", fold=1, cines=cines)
    assert (split.train, split.validation, split.test) == (("a", "c"), (), ("b",))


def test_the_hold_out_of_the_paper_is_one_fold_of_three_parts() -> None:
    folds, cines = table({"a": "train", "b": "validation", "c": "test"}, scheme="paper_holdout")
    split = split_of(folds, scheme="paper_holdout", fold=0, cines=cines)
    assert (split.train, split.validation, split.test) == (("a",), ("b",), ("c",))


def test_a_fold_beyond_the_last_is_refused() -> None:
    folds, cines = table({"a": "0", "b": "1", "c": "2"})
    with pytest.raises(SplitError, match="a fold from 0 to 2, got fold 3"):
        split_of(folds, scheme="honest", fold=3, cines=cines)


@pytest.mark.parametrize("parts", [{}, {"a": "0", "b": "2"}, {"a": "holdout"}])
def test_parts_that_do_not_count_up_are_refused(parts: dict[str, str]) -> None:
    with pytest.raises(SplitError, match="parts 0, 1, 2"):
        fold_count(table(parts)[0], scheme="honest")


def test_a_sound_table_passes() -> None:
    folds, cines = table({"a": "0", "b": "1", "c": "2"})
    verify(folds, cines=cines)


def test_a_patient_in_two_parts_is_found_after_the_fact() -> None:
    cines, _ = cohort(6)
    folds = cines[["cine_id", "patient_id"]].assign(scheme="honest", part=[str(i % 3) for i in range(len(cines))])
    with pytest.raises(SplitError, match="each patient_id in one part"):
        verify(folds, cines=cines)


def test_equal_pixels_in_two_parts_are_found_after_the_fact() -> None:
    folds, cines = table({"a": "0", "b": "1"}, scheme="paper_by_input")
    with pytest.raises(SplitError, match="each digest in one part"):
        verify(folds, cines=cines.assign(digest="same"))


def test_a_changed_patient_is_found_after_the_fact() -> None:
    folds, cines = table({"a": "0", "b": "1"})
    with pytest.raises(SplitError, match="others for a, b"):
        verify(folds.assign(patient_id="p-x"), cines=cines)


def test_a_cine_that_no_longer_exists_is_found_after_the_fact() -> None:
    folds, cines = table({"a": "0", "b": "1"})
    with pytest.raises(SplitError, match="got b"):
        verify(folds, cines=cines[:1])


def test_long_lists_are_cut_to_five_and_counted() -> None:
    cines, _ = cohort(9)
    folds = cines[["cine_id", "patient_id"]].assign(scheme="honest", part="0", patient_id=name("p", "other"))
    with pytest.raises(SplitError, match=f"and {len(cines) - 5} more"):
        verify(folds, cines=cines)


# another cohort


def other_cohort(key: str = "elsewhere") -> pd.DataFrame:
    cines = cohort(6, key=key)[0]
    return cines.assign(digest=[f"{key} {number}" for number in range(len(cines))])


def test_a_cohort_of_others_is_unseen() -> None:
    cines = other_cohort()
    assert Unseen.of(cines, study=cohort(36)[0], links=None).cines == tuple(cines["cine_id"])


def test_the_study_itself_is_not_unseen() -> None:
    cines = cohort(6)[0]
    with pytest.raises(
        SplitError, match=r"supplementary cohort: expected no patient of the study, got patient p-.* and 1"
    ):
        Unseen.of(cines, study=cines, links=None)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.integers(0, 5), st.integers(0, 35), st.sampled_from(["patient_id", "digest"]))
def test_one_shared_patient_or_image_is_enough_to_refuse(number: int, other: int, column: str) -> None:
    cines, study = other_cohort(), cohort(36)[0]
    cines.loc[number, column] = study[column].iloc[other]
    with pytest.raises(SplitError, match="take them out of the supplementary cohort's folder and sheet"):
        Unseen.of(cines, study=study, links=None)


def test_patients_linked_through_a_third_number_are_one() -> None:
    cines, study, between = other_cohort(), cohort(36)[0], name("p", "between")
    first, last = cines["patient_id"].iloc[0], study["patient_id"].iloc[0]
    links = pd.DataFrame({"patient": [first, between], "same_person_as": [between, last]})
    with pytest.raises(SplitError, match="no patient of the study"):
        Unseen.of(cines, study=study, links=links)
