"""Figures of calibration are the same bytes every time and hold what they must say."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from cinemyo.labels import PATHOLOGIES
from cinemyo.record import figures_calibration
from cinemyo.record.figures import TEXT, png
from cinemyo.record.figures_calibration import arm_reliability, arms_selective, fold_reliability
from tests.evaluation.example import params, predictions, scored, study_tables

DUAL = params().arms["dual"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Figures as they are drawn, before they become bytes."""
    kept: list[Figure] = []
    monkeypatch.setattr(figures_calibration, "png", lambda figure: kept.append(figure) or png(figure))
    return kept


def words(figure: Figure) -> str:
    return " ".join(item.get_text() for item in figure.findobj(Text)).replace("\n", " ")  # type: ignore[attr-defined]


def reliability() -> bytes:
    return arm_reliability(scored("dual", DUAL), predictions=predictions(DUAL), params=params())


def fold(tested: pd.DataFrame) -> bytes:
    return fold_reliability(tested, classes=PATHOLOGIES, least=20, title="dual fold 0: reliability", note="synthetic")


def of_fold() -> pd.DataFrame:
    rows = predictions(DUAL).query("set == 'test' and fold == 0")
    return rows.merge(study_tables()[0][["cine_id", "patient_id"]], on="cine_id")


def test_a_reliability_diagram_is_the_same_bytes_every_time() -> None:
    assert reliability() == reliability()


def test_a_figure_is_a_png() -> None:
    assert reliability().startswith(b"\x89PNG\r\n")


def test_a_reliability_diagram_has_panels_before_and_after(drawn: list[Figure]) -> None:
    reliability()
    assert [axes.get_title() for axes in drawn[0].axes if axes.get_title()] == ["as trained", "after temperature"]


def test_a_reliability_diagram_says_what_stands_of_it(drawn: list[Figure]) -> None:
    reliability()
    found = words(drawn[0])
    assert all(said in found for said in ("n = 48 patients", "no claim", "synthetic phantoms", "patients a bin"))


def test_no_text_is_smaller_than_what_can_be_read(drawn: list[Figure]) -> None:
    reliability()
    sizes = [item.get_fontsize() for item in drawn[0].findobj(Text) if item.get_text()]  # type: ignore[attr-defined]
    assert min(sizes) >= TEXT


def test_a_scheme_without_validation_has_one_panel(drawn: list[Figure]) -> None:
    leaky = params().arms["dual_by_input"]
    arm_reliability(scored("dual_by_input", leaky), predictions=predictions(leaky), params=params())
    assert [axes.get_title() for axes in drawn[0].axes if axes.get_title()] == ["as trained"]


def test_the_diagram_of_a_fold_counts_its_cines(drawn: list[Figure]) -> None:
    fold(of_fold())
    assert f"by cine (n = {len(of_fold())})" in words(drawn[0])


def test_a_fold_without_labels_says_so(drawn: list[Figure]) -> None:
    fold(of_fold().assign(truth=None))
    assert "No labelled test cine." in words(drawn[0])


def test_the_selective_curve_has_a_line_per_arm(drawn: list[Figure]) -> None:
    arms = [scored(name, params().arms[name]) for name in ("dual", "diastole")]
    arms_selective(arms, params=params())
    legend = drawn[0].axes[0].get_legend()
    assert legend is not None
    assert [item.get_text() for item in legend.get_texts()] == ["dual (n = 48)", "diastole (n = 48)"]


def test_intervals_are_drawn_of_the_primary_arm_alone(drawn: list[Figure]) -> None:
    arms_selective([scored("diastole", params().arms["diastole"])], params=params())
    assert "dots" not in words(drawn[0])


def test_many_arms_stay_apart() -> None:
    steps = pd.DataFrame({"share": np.array([0.5, 1.0]), "accuracy": [1.0, 0.9]})
    curves = {f"arm {number}": steps for number in range(9)}
    assert figures_calibration.selective_figure(curves, bands={}, title="many", note="").startswith(b"\x89PNG")
