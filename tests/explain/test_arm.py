"""The heat maps of an arm: who is measured, by which model, and who is drawn."""

import pytest
import torch

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import WeightsError
from cinemyo.explain.arm import Answer, Explained, answers_of, attention_table, explain_arm, to_draw
from cinemyo.explain.gradcam import heat_maps
from cinemyo.layout import Layout
from cinemyo.models.classifier import load_model
from cinemyo.training.data import load_crops
from tests.tiny_study import SIDE, N, identifier, part_of

STUDY = tuple[Params, Layout]


def test_every_answered_cine_is_measured(found: Explained) -> None:
    assert len({row["cine_id"] for row in found.rows}) == N - 2


def test_the_hold_out_stays_closed(found: Explained) -> None:
    held = {identifier("c", index) for index in range(N) if part_of(index) == "holdout"}
    assert held.isdisjoint(row["cine_id"] for row in found.rows)


def test_each_cine_is_measured_by_the_model_of_its_own_fold(found: Explained) -> None:
    own = {identifier("c", index): part_of(index) for index in range(N)}
    assert all(row["fold"] == own[row["cine_id"]] for row in found.rows)


def test_a_correct_cine_has_one_map_per_phase(found: Explained) -> None:
    rows = [row for row in found.rows if row["cine_id"] == identifier("c", 1)]
    assert [(row["phase"], row["is_true"], row["is_predicted"]) for row in rows] == [
        ("diastole", True, True),
        ("systole", True, True),
    ]


def test_a_misclassified_cine_has_maps_of_both_classes(found: Explained) -> None:
    rows = [row for row in found.rows if row["cine_id"] == identifier("c", 0)]
    assert sorted({(row["class"], row["is_true"], row["is_predicted"]) for row in rows}) == [
        ("hcm", False, True),
        ("normal", True, False),
    ]


def test_the_rows_make_a_valid_table(found: Explained) -> None:
    frame = attention_table(found.rows)
    assert len(tables.check(frame, table=tables.ATTENTION, where="test")) == len(found.rows)


def test_a_cell_is_measured_in_mm(found: Explained) -> None:
    # layer3 has a stride of 16 pixels of 3 mm
    assert {row["cell_mm"] for row in found.rows} == {48.0}


def test_a_cell_beyond_the_limit_is_marked(found: Explained) -> None:
    assert {row["code"] for row in found.rows} <= {"too_coarse", "no_heat"}


def test_coarse_maps_get_no_verdict(found: Explained) -> None:
    assert {row["verdict"] for row in found.rows} == {"too_coarse"}


@pytest.fixture(scope="module")
def fine(tiny: STUDY) -> Explained:
    """The arm on views, its maps taken as fine enough; the folds of the other arm hold two pathologies each."""
    params, layout = tiny
    limits = params.explain.model_copy(update={"too_coarse_mm": 50})
    return explain_arm(params.model_copy(update={"explain": limits}), name="view_systole", layout=layout)


def test_fine_maps_get_a_verdict(fine: Explained) -> None:
    assert {row["verdict"] for row in fine.rows} <= {"heart", "outside", "undecided", "no_heat"}


def test_each_class_gives_donors(fine: Explained) -> None:
    # two of each of four views, where other patients have as many
    assert max(row["donors"] for row in fine.rows) == 8
    assert min(row["donors"] for row in fine.rows) >= 4


def test_a_verdict_goes_with_heat_and_exchange(fine: Explained) -> None:
    for row in fine.rows:
        gain = row["kept_heart"] - row["kept_background"]
        hot = max(row["hotness"] or 0, row["activation_hotness"] or 0) >= 0.8
        assert (row["verdict"] == "heart") == (hot and gain >= 0.05)


def test_without_donors_of_each_class_nothing_is_decided(tiny: STUDY) -> None:
    params, layout = tiny
    limits = params.explain.model_copy(update={"too_coarse_mm": 50})
    rows = explain_arm(params.model_copy(update={"explain": limits}), name="dual", layout=layout).rows
    assert {row["donors"] for row in rows} == {0}
    assert {row["verdict"] for row in rows} <= {"undecided", "no_heat"}


def test_a_verdict_is_that_of_all_phases(found: Explained) -> None:
    shared = ("verdict", "probability", "kept_heart", "kept_background", "hotness")
    by_class: dict[tuple[str, str], set[tuple[object, ...]]] = {}
    for row in found.rows:
        by_class.setdefault((row["cine_id"], row["class"]), set()).add(tuple(row[name] for name in shared))
    assert all(len(values) == 1 for values in by_class.values())


def test_the_probability_is_that_of_the_stored_model(found: Explained, tiny: STUDY) -> None:
    params, layout = tiny
    row = found.rows[0]
    path = layout.models("dual") / f"fold{row['fold']}.safetensors"
    model = load_model(path, arm=params.arms["dual"], n_classes=3, side=SIDE)
    images = load_crops(layout, arm=params.arms["dual"], cine_ids=[row["cine_id"]]).float() / 255
    share = model(images).detach().softmax(dim=1)[0, ("normal", "hcm", "dcm").index(row["class"])]
    assert row["probability"] == pytest.approx(float(share), abs=1e-5)


def test_behind_an_averaging_head_both_methods_measure_alike(found: Explained) -> None:
    pairs = [(row["heart_share"], row["activation_heart_share"]) for row in found.rows if row["code"] != "no_heat"]
    assert pairs
    assert [one for one, _ in pairs] == pytest.approx([other for _, other in pairs], rel=1e-4)


def test_typical_cases_are_the_surest_of_their_kind(found: Explained) -> None:
    assert {kind: len(cases) for kind, cases in found.typical.items()} == {"right, without a verdict": 2, "wrong": 2}
    for cases in found.typical.values():
        assert cases[0].answer.probability >= cases[1].answer.probability
        assert cases[0].patient_id != cases[1].patient_id


def test_heat_of_random_weights_is_compared(found: Explained) -> None:
    known = [row["random_likeness"] for row in found.rows if row["random_likeness"] is not None]
    assert known
    assert all(-1 <= value <= 1 for value in known)


def test_all_misclassified_cines_are_drawn(found: Explained) -> None:
    wrong = {row["cine_id"] for row in found.rows if row["is_predicted"] and not row["is_true"]}
    assert wrong <= {case.answer.cine_id for case in found.cases}


def test_the_stated_number_of_correct_cines_is_drawn(found: Explained) -> None:
    assert sum(case.answer.correct for case in found.cases) == 2


def test_the_map_of_a_case_is_that_of_its_fold_and_class(found: Explained, tiny: STUDY) -> None:
    params, layout = tiny
    case = next(case for case in found.cases if not case.answer.correct)
    arm = params.arms["dual"]
    path = layout.models("dual") / f"fold{case.answer.fold}.safetensors"
    model = load_model(path, arm=arm, n_classes=3, side=SIDE)
    images = load_crops(layout, arm=arm, cine_ids=[case.answer.cine_id]).float() / 255
    said = torch.tensor([("normal", "hcm", "dcm").index(case.answer.predicted)])
    expected = heat_maps(model, images, classes=said)[0].numpy()
    assert case.heat[case.answer.predicted] == pytest.approx(expected, abs=1e-6)


def test_a_second_run_gives_the_same_rows(found: Explained, tiny: STUDY) -> None:
    params, layout = tiny
    assert explain_arm(params, name="dual", layout=layout).rows == found.rows


def test_the_sample_is_a_matter_of_seed_and_image(tiny: STUDY) -> None:
    params, layout = tiny
    answers = answers_of(layout, name="dual", arm=params.arms["dual"])
    one, other = (to_draw(answers, layout=layout, count=4, seed=seed) for seed in (1, 2))
    assert one != other
    assert to_draw(answers[::-1], layout=layout, count=4, seed=1) == one


def test_a_removed_cine_changes_no_other_draw(tiny: STUDY) -> None:
    params, layout = tiny
    answers = answers_of(layout, name="dual", arm=params.arms["dual"])
    before = to_draw(answers, layout=layout, count=4, seed=1)
    gone = next(answer.cine_id for answer in answers if answer.cine_id not in before)
    after = to_draw([answer for answer in answers if answer.cine_id != gone], layout=layout, count=4, seed=1)
    assert after == before


def test_a_correct_answer_wants_one_class() -> None:
    assert Answer("c", 0, "hcm", "hcm", 0.9).classes == ("hcm",)


def test_a_missing_model_is_named(tiny: STUDY) -> None:
    params, layout = tiny
    with pytest.raises(WeightsError, match="fold0"):
        explain_arm(params, name="view_systole", layout=_Elsewhere(layout.study, layout.base))


class _Elsewhere(Layout):
    """The same study without models."""

    def models(self, arm: str):
        return self.data / "none" / arm
