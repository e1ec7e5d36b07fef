"""Drawings of heat maps: their pixels where they can be worked out, and that equal cases give equal bytes."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from cinemyo.config import Params
from cinemyo.explain.arm import Case, Explained
from cinemyo.labels import PHASES
from cinemyo.layout import Layout
from cinemyo.record.heat_maps import banner, draw_case, draw_folds, draw_overview, draw_typical
from cinemyo.record.heat_sheet import overlay

STUDY = tuple[Params, Layout]


@pytest.fixture(scope="module")
def wrong(found: Explained) -> Case:
    return next(case for case in found.cases if not case.answer.correct)


@pytest.fixture(scope="module")
def right(found: Explained) -> Case:
    return next(case for case in found.cases if case.answer.correct)


def size(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


def test_without_heat_the_image_stays_gray() -> None:
    image = np.arange(16, dtype=np.uint8).reshape(4, 4) * 10
    found = overlay(image, heat=np.zeros((4, 4)), peak=0.0)
    assert found == pytest.approx(np.repeat(image[..., None] / 255, 3, axis=-1))


def test_the_image_shows_through_the_hottest_place() -> None:
    black, white = (overlay(np.full((1, 1), v, np.uint8), heat=np.ones((1, 1)), peak=1.0) for v in (0, 255))
    assert (white - black).min() == pytest.approx(0.35)


def test_colour_grows_with_heat() -> None:
    found = overlay(np.zeros((1, 3), np.uint8), heat=np.array([[0.0, 0.5, 1.0]]), peak=1.0)
    assert (np.diff(found.sum(axis=-1)) > 0).all()


def test_equal_cases_give_equal_bytes(wrong: Case) -> None:
    one, other = (draw_case(wrong, phases=PHASES, standing="x") for _ in range(2))
    assert one == other


def test_a_drawing_holds_no_metadata(right: Case) -> None:
    image = Image.open(io.BytesIO(draw_case(right, phases=PHASES, standing="")))
    assert set(image.info) <= {"dpi"}


def test_a_misclassified_cine_has_a_column_more(wrong: Case, right: Case) -> None:
    one, other = (size(draw_case(case, phases=PHASES, standing="")) for case in (wrong, right))
    assert one[0] > other[0]


def test_one_phase_is_one_row(right: Case) -> None:
    alone = dataclasses.replace(right, images=right.images[:1], hearts=right.hearts[:1])
    assert (
        size(draw_case(alone, phases=PHASES[:1], standing=""))[1]
        < size(draw_case(right, phases=PHASES, standing=""))[1]
    )


def test_an_overview_has_a_line_per_case(wrong: Case) -> None:
    short, long = (draw_overview([wrong] * n, arm="dual", phases=PHASES, standing="") for n in (1, 3))
    assert size(long)[1] - size(short)[1] == pytest.approx(2 * 146, abs=2)


def test_an_overview_stays_readable_with_many_errors(wrong: Case) -> None:
    twelve, many = (draw_overview([wrong] * n, arm="a", phases=PHASES[:1], standing="") for n in (12, 30))
    assert size(twelve) == size(many)


def test_an_arm_without_cases_has_an_overview() -> None:
    assert size(draw_overview([], arm="dual", phases=PHASES, standing=""))[0] > 100


def test_each_fold_has_an_overview_of_its_own_cases(found: Explained) -> None:
    folds = draw_folds(found.cases, arm="dual", phases=PHASES, standing="")
    assert set(folds) == {case.answer.fold for case in found.cases}
    assert len(set(folds.values())) == len(folds)


def test_a_fold_without_a_case_has_no_overview(wrong: Case) -> None:
    assert list(draw_folds([wrong], arm="dual", phases=PHASES, standing="")) == [wrong.answer.fold]


def test_typical_cases_have_a_line_each(wrong: Case, right: Case) -> None:
    short, long = (
        draw_typical({"right": [right], "wrong": [wrong] * n}, arm="dual", phases=PHASES, standing="") for n in (1, 3)
    )
    assert size(long)[1] - size(short)[1] == pytest.approx(2 * 146, abs=2)


def test_an_arm_without_typical_cases_has_a_page() -> None:
    assert size(draw_typical({}, arm="dual", phases=PHASES, standing=""))[0] > 100


def test_a_sheet_shows_both_methods(right: Case) -> None:
    other = dataclasses.replace(right, activation={name: 1 - heat for name, heat in right.activation.items()})
    one, two = (draw_case(case, phases=PHASES, standing="") for case in (right, other))
    assert one != two


def test_a_sheet_tells_the_verdict(right: Case) -> None:
    looks = dataclasses.replace(right, verdicts=dict.fromkeys(right.verdicts, "outside"))
    one, two = (draw_case(case, phases=PHASES, standing="") for case in (right, looks))
    assert one != two


def test_the_notice_of_a_study_stands_on_its_drawings(tiny: STUDY) -> None:
    assert banner(tiny[0].study, scheme="honest").startswith("Synthetic phantoms & nothing else")


def test_a_leaky_scheme_says_so(tiny: STUDY) -> None:
    assert "Leaky" in banner(tiny[0].study, scheme="paper_by_input")


def test_synthetic_images_say_so_without_a_notice(tiny: STUDY) -> None:
    study = tiny[0].study.model_copy(update={"notice": ""})
    assert banner(study, scheme="honest") == "Synthetic images. Not for clinical use"
