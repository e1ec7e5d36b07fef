"""What a cine went into."""

import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from cinemyo.provenance import sha256
from cinemyo.record.trace import Step, as_text, roles_of, trace
from tests.tiny_study import N, identifier

STUDY = tuple[Params, Layout]


@pytest.fixture(scope="module")
def steps(tiny: STUDY) -> list[Step]:
    params, layout = tiny
    return trace(identifier("c", 0), params=params, layout=layout)


def named(steps: list[Step], kind: str) -> list[Step]:
    return [step for step in steps if step.kind == kind]


def test_every_source_file_is_listed(steps: list[Step]) -> None:
    assert len(named(steps, "source file")) == 2


def test_the_canvas_is_listed_with_its_hash(steps: list[Step], tiny: STUDY) -> None:
    (found,) = [step for step in steps if step.name == "canvas coarse"]
    assert found.values["sha256"] == sha256(tiny[1].base / found.values["path"])


def test_the_folds_of_an_arm_are_listed_by_role(steps: list[Step]) -> None:
    found = {step.name: step.values for step in named(steps, "arm")}
    assert found["dual"] == {"train": "1", "validation": "2", "test": "0", "leaky": False}


def test_all_predictions_are_listed(steps: list[Step]) -> None:
    assert [(step.name, step.values["set"]) for step in named(steps, "prediction")] == [
        ("dual", "test"),
        ("dual", "validation"),
        ("view_systole", "test"),
        ("view_systole", "validation"),
    ]


def test_the_heat_of_both_classes_is_listed(steps: list[Step]) -> None:
    assert {step.values["class"] for step in named(steps, "heat map")} == {"normal", "hcm"}


def test_the_drawing_is_listed(steps: list[Step]) -> None:
    assert [step.name for step in named(steps, "image")][-1] == "heat map dual"


def test_a_cine_of_the_hold_out_went_into_no_model(tiny: STUDY) -> None:
    params, layout = tiny
    found = trace(identifier("c", N - 1), params=params, layout=layout)
    assert {step.values["holdout"] for step in named(found, "arm")} == {"all"}


def test_an_excluded_item_is_traced_to_its_reason(tiny: STUDY) -> None:
    params, layout = tiny
    (found,) = trace("0" * 32, params=params, layout=layout)
    assert (found.kind, found.name) == ("exclusion", "scout")


def test_an_unknown_cine_is_refused(tiny: STUDY) -> None:
    params, layout = tiny
    with pytest.raises(TableError, match=r"expected a cine of the study, got c-x"):
        trace("c-x", params=params, layout=layout)


def test_without_tables_nothing_is_known(tiny: STUDY, tmp_path) -> None:
    with pytest.raises(TableError):
        trace(identifier("c", 0), params=tiny[0], layout=Layout("tiny", tmp_path))


def test_nothing_is_chosen_by_a_cine_of_the_papers_scheme() -> None:
    rows = [
        {"scheme": "paper", "cine_id": identifier("c", k), "patient_id": identifier("p", k), "part": str(k)}
        for k in range(3)
    ]
    folds = tables.from_rows(rows, table=tables.FOLDS)
    assert roles_of(folds, scheme="paper", cine_id=identifier("c", 1)) == {"train": "0, 2", "test": "1"}


def test_a_cine_without_a_part_has_no_role() -> None:
    empty = pd.DataFrame(columns=tables.FOLDS.header)
    assert roles_of(empty, scheme="paper", cine_id="c") == {}


def test_the_text_has_a_line_per_step(steps: list[Step]) -> None:
    assert len(as_text(steps).splitlines()) == len(steps)
