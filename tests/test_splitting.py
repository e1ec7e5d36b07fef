"""How parts are drawn: balanced, independent of pseudonyms, permanent."""

import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.config import Split
from cinemyo.errors import SplitError
from cinemyo.folds import fold_count, split_of
from cinemyo.labels import PATHOLOGIES, Scheme
from cinemyo.persons import LINKS
from cinemyo.splitting import assign
from tests.cohort import cohort, name

HONEST = Split(protocol="honest", folds=6, holdout_share=0.2, links=None)
PAPER = Split(protocol="paper", folds=6, holdout_share=0, links=None)


def drawn(patients: int = 54, *, split: Split = HONEST, key: str = "key", seed: int = 7) -> pd.DataFrame:
    cines, labels = cohort(patients, key=key)
    return assign(labels, cines=cines, split=split, seed=seed)


def of(folds: pd.DataFrame, scheme: str) -> pd.DataFrame:
    return folds[folds["scheme"] == scheme]


def patients_by_class(folds: pd.DataFrame, scheme: str) -> pd.DataFrame:
    """Patients per part (rows) and class (columns)."""
    _, labels = cohort(54)
    rows = of(folds, scheme).merge(labels, on="cine_id").drop_duplicates("patient_id")
    return pd.crosstab(rows["part"], rows["pathology"])


def without(frame: pd.DataFrame, patient: str) -> pd.DataFrame:
    return frame[frame["patient_id"] != patient]


def doubled() -> tuple[pd.DataFrame, pd.DataFrame, str, str]:
    """A cohort in which a cine of patient 3 has the pixels of one of patient 0 (of the same class)."""
    cines, labels = cohort(54)
    one, other = name("p", 0), name("p", 3)
    pixels = cines.loc[cines["patient_id"] == one, "digest"].iloc[0]
    first = cines.index[cines["patient_id"] == other][0]
    cines.loc[first, "digest"] = pixels
    return cines, labels, one, other


def test_the_table_is_a_table_of_folds() -> None:
    tables.check(drawn(), table=tables.FOLDS, where="folds")


def test_honest_writes_its_scheme_and_the_comparison_by_input() -> None:
    assert set(drawn()["scheme"]) == {"honest", "paper_by_input"}


def test_paper_writes_its_three_schemes() -> None:
    assert set(drawn(split=PAPER)["scheme"]) == {"paper", "paper_by_input", "paper_holdout"}


@pytest.mark.parametrize(("split", "scheme"), [(HONEST, "honest"), (PAPER, "paper"), (PAPER, "paper_by_input")])
def test_every_labelled_cine_has_one_part_per_scheme(split: Split, scheme: str) -> None:
    assert sorted(of(drawn(split=split), scheme)["cine_id"]) == sorted(cohort(54)[1]["cine_id"])


def test_the_folds_by_input_stay_away_from_the_hold_out() -> None:
    honest = of(drawn(), "honest")
    assert set(of(drawn(), "paper_by_input")["cine_id"]) == set(honest["cine_id"][honest["part"] != "holdout"])


def test_the_hold_out_has_its_share_of_patients() -> None:
    rows = of(drawn(), "honest")
    assert rows["patient_id"][rows["part"] == "holdout"].nunique() == round(0.2 * 54)


def test_the_hold_out_is_stratified_by_class() -> None:
    held = patients_by_class(drawn(), "honest").loc["holdout"]
    assert held.max() - held.min() <= 1


@pytest.mark.parametrize(("split", "scheme"), [(HONEST, "honest"), (PAPER, "paper")])
def test_folds_differ_by_at_most_one_patient_of_a_class(split: Split, scheme: str) -> None:
    counts = patients_by_class(drawn(split=split), scheme).drop("holdout", errors="ignore")
    assert (counts.max() - counts.min()).max() <= 1


def test_folds_have_nearly_equal_numbers_of_each_view() -> None:
    cines, labels = cohort(180)
    rows = of(assign(labels, cines=cines, split=PAPER, seed=1), "paper").merge(labels, on="cine_id")
    counts = pd.crosstab(rows["part"], rows["view"])
    assert (counts.max() - counts.min()).max() <= 3


def test_no_share_means_no_hold_out() -> None:
    none = HONEST.model_copy(update={"holdout_share": 0.0})
    assert "holdout" not in set(of(drawn(split=none), "honest")["part"])


def test_the_hold_out_of_the_paper_is_60_20_20() -> None:
    counts = of(drawn(split=PAPER), "paper_holdout").groupby("part")["patient_id"].nunique()
    assert counts.to_dict() == {"test": 11, "train": 32, "validation": 11}


@pytest.mark.parametrize(("split", "scheme"), [(HONEST, "honest"), (PAPER, "paper"), (PAPER, "paper_by_input")])
def test_every_fold_is_a_split_that_does_not_leak(split: Split, scheme: Scheme) -> None:
    folds, cines = drawn(split=split), cohort(54)[0]
    tests = [split_of(folds, scheme=scheme, fold=fold, cines=cines).test for fold in range(6)]
    assert fold_count(folds, scheme=scheme) == 6
    assert len({cine for test in tests for cine in test}) == sum(map(len, tests))


def test_by_input_separates_cines_of_one_patient() -> None:
    assert of(drawn(), "paper_by_input").groupby("patient_id")["part"].nunique().max() > 1


def test_the_same_seed_draws_the_same_rows() -> None:
    pd.testing.assert_frame_equal(drawn(), drawn())


def test_another_seed_draws_others() -> None:
    assert not drawn(seed=7).equals(drawn(seed=8))


@pytest.mark.parametrize("split", [HONEST, PAPER])
def test_two_keys_give_the_same_parts_in_the_same_order(split: Split) -> None:
    digest = {key: cohort(54, key=key)[0].set_index("cine_id")["digest"] for key in ("one", "two")}
    tables_ = {key: drawn(split=split, key=key) for key in digest}
    rows = [frame.assign(cine_id=frame["cine_id"].map(digest[key])) for key, frame in tables_.items()]
    pd.testing.assert_frame_equal(*[frame.drop(columns="patient_id") for frame in rows])


def test_the_order_of_the_rows_given_does_not_matter() -> None:
    cines, labels = cohort(54)
    turned = assign(labels[::-1], cines=cines.sample(frac=1, random_state=1), split=HONEST, seed=7)
    pd.testing.assert_frame_equal(turned, drawn())


@pytest.mark.parametrize("split", [HONEST, PAPER])
def test_a_withdrawn_patient_moves_nobody(split: Split) -> None:
    (cines, labels), before, gone = cohort(54), drawn(split=split), name("p", 11)
    after = assign(labels, cines=without(cines, gone), split=split, seed=7, previous=before)
    pd.testing.assert_frame_equal(after, without(before, gone).reset_index(drop=True))


@pytest.mark.parametrize("split", [HONEST, PAPER])
def test_a_new_patient_moves_nobody(split: Split) -> None:
    (cines, labels), new = cohort(54), name("p", 11)
    before = assign(labels, cines=without(cines, new), split=split, seed=7)
    after = assign(labels, cines=cines, split=split, seed=7, previous=before)
    pd.testing.assert_frame_equal(without(after, new).reset_index(drop=True), before)
    assert new in set(after["patient_id"])


def test_a_new_patient_goes_where_its_class_is_lacking() -> None:
    (cines, labels), before, gone = cohort(54), drawn(split=PAPER), name("p", 11)
    elsewhere = assign(labels, cines=without(cines, gone), split=PAPER, seed=7, previous=before)
    after = assign(labels, cines=cines, split=PAPER, seed=99, previous=elsewhere)
    counts = patients_by_class(after, "paper")
    assert (counts.max() - counts.min()).max() <= 1


def test_a_second_cine_of_an_old_patient_stays_with_it() -> None:
    cines, labels = cohort(54)
    late = cines["cine_id"][cines["patient_id"].duplicated()].iloc[0]
    before = assign(labels, cines=cines[cines["cine_id"] != late], split=HONEST, seed=7)
    after = assign(labels, cines=cines, split=HONEST, seed=8, previous=before)
    parts = of(after, "honest").groupby("patient_id")["part"].nunique()
    assert parts.max() == 1


def test_a_corrected_label_moves_nobody() -> None:
    (cines, labels), before = cohort(54), drawn()
    changed = labels.assign(pathology=labels["pathology"].where(labels.index != 0, "dcm"))
    pd.testing.assert_frame_equal(assign(changed, cines=cines, split=HONEST, seed=7, previous=before), before)


def test_equal_pixels_under_two_patients_are_refused() -> None:
    cines, labels, one, other = doubled()
    with pytest.raises(SplitError, match=" = ".join(sorted([one, other]))):
        assign(labels, cines=cines, split=HONEST, seed=7)


def test_a_link_makes_two_numbers_one_person() -> None:
    cines, labels, one, other = doubled()
    links = tables.from_rows([{"patient": one, "same_person_as": other}], table=LINKS)
    rows = of(assign(labels, cines=cines, split=HONEST, seed=7, links=links), "honest")
    assert rows["part"][rows["patient_id"].isin([one, other])].nunique() == 1


def test_links_chain_through_a_number_that_is_gone() -> None:
    cines, labels, one, other = doubled()
    gone = name("p", "gone")
    pairs = [{"patient": one, "same_person_as": gone}, {"patient": gone, "same_person_as": other}]
    links = tables.from_rows(pairs, table=LINKS)
    rows = of(assign(labels, cines=cines, split=HONEST, seed=7, links=links), "honest")
    assert rows["part"][rows["patient_id"].isin([one, other])].nunique() == 1


def test_patients_linked_later_meet_in_one_part() -> None:
    (cines, labels), before = cohort(54), drawn(split=PAPER)
    parts = of(before, "paper").drop_duplicates("patient_id").set_index("patient_id")["part"]
    one, other = parts.index[parts == "4"][0], parts.index[parts == "2"][0]
    links = tables.from_rows([{"patient": one, "same_person_as": other}], table=LINKS)
    rows = of(assign(labels, cines=cines, split=PAPER, seed=7, previous=before, links=links), "paper")
    assert set(rows["part"][rows["patient_id"].isin([one, other])]) == {"2"}


def test_equal_pixels_of_one_patient_stay_together_by_input() -> None:
    cines, labels = cohort(54)
    patient = cines["patient_id"][cines["patient_id"].duplicated()].iloc[0]
    cines.loc[cines["patient_id"] == patient, "digest"] = "0" * 64
    rows = of(assign(labels, cines=cines, split=HONEST, seed=7), "paper_by_input")
    assert rows["part"][rows["patient_id"] == patient].nunique() == 1


def test_a_class_with_fewer_patients_than_folds_is_refused() -> None:
    cines, labels = cohort(54)
    rare = cines["patient_id"].isin([name("p", number) for number in range(2, 54, 3)][:13])
    with pytest.raises(SplitError, match=r"at least 6 patients of each class.*of dcm; lower split\.folds"):
        assign(labels, cines=cines[~rare], split=HONEST, seed=7)


def test_a_class_without_patients_is_refused() -> None:
    cines, labels = cohort(54)
    with pytest.raises(SplitError, match="0 of hcm"):
        assign(labels[labels["pathology"] != "hcm"], cines=cines, split=HONEST, seed=7)


def test_unlabelled_cines_are_in_no_fold() -> None:
    cines, labels = cohort(54)
    bare = labels.assign(pathology=labels["pathology"].where(labels.index != 3))
    assert labels["cine_id"][3] not in set(assign(bare, cines=cines, split=HONEST, seed=7)["cine_id"])


def test_a_cohort_without_labels_is_refused() -> None:
    cines, labels = cohort(54)
    with pytest.raises(SplitError, match="cines with a pathology"):
        assign(labels.assign(pathology=None), cines=cines, split=HONEST, seed=7)


def test_the_class_of_a_patient_is_that_of_the_first_exam() -> None:
    cines, labels = cohort(54)
    patient = cines["patient_id"][cines["patient_id"].duplicated()].iloc[0]
    own = cines["patient_id"] == patient
    cines.loc[own, "exam_order"] = range(int(own.sum()), 0, -1)
    first = cines["cine_id"][own & (cines["exam_order"] == 1)].iloc[0]
    others = labels["cine_id"].isin(cines["cine_id"][own]) & (labels["cine_id"] != first)
    returned = labels.assign(pathology=labels["pathology"].where(~others, PATHOLOGIES[-1]))
    before = of(assign(labels, cines=cines, split=HONEST, seed=7), "honest")
    after = of(assign(returned, cines=cines, split=HONEST, seed=7), "honest")
    pd.testing.assert_frame_equal(after, before)
