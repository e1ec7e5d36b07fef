"""Openings of the hold-out."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cinemyo import config, schema, sheets, tables
from cinemyo.config import Params
from cinemyo.errors import CinemyoError, ConfigError, SplitError, TableError, WeightsError
from cinemyo.layout import Layout
from cinemyo.openings import append, is_open, read_openings, request, standings
from tests.tiny_study import FOLDS, N, identifier, params_values, part_of

DAY = date(2026, 3, 1)
Ask = Callable[..., pd.DataFrame]


def study(**changes: Any) -> Params:
    """The tiny study with an arm of each kind."""
    values = params_values()
    dual = values["arms"]["dual"]
    values["arms"] |= {
        "by_input": dual | {"scheme": "paper_by_input"},
        "permuted": dual | {"labels": "permuted"},
        "background": dual | {"crop_px": None, "hidden_radius_px": 10},
    }
    return config.parse(values | changes, where="test")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Folds with a hold-out, and models of every arm, which nothing here reads."""
    layout = Layout("tiny", tmp_path)
    rows = [
        {"scheme": "honest", "cine_id": identifier("c", i), "patient_id": identifier("p", i // 2), "part": part_of(i)}
        for i in range(N)
    ]
    tables.write(tables.from_rows(rows, table=tables.FOLDS), table=tables.FOLDS, path=layout.folds)
    for arm in study().arms:
        for fold in range(FOLDS):
            tables.write_bytes(layout.models(arm) / f"fold{fold}.safetensors", f"{arm} {fold}".encode())
    return layout


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "openings.csv"
    path.write_text(",".join(sheets.OPENINGS.header) + "\n")
    return path


@pytest.fixture
def ask(layout: Layout, sheet: Path) -> Ask:
    """Asks for arms, as the command does; what is not said is well said."""

    def asked(*arms: str, own: Params | None = None, role: str = "statistician", reason: str = "final") -> pd.DataFrame:
        openings = read_openings(sheet)
        rows = request(arms, params=own or study(), layout=layout, openings=openings, role=role, reason=reason, on=DAY)
        append(rows, path=sheet)
        return read_openings(sheet)

    return asked


def states(openings: pd.DataFrame, layout: Layout) -> list[str]:
    return [standing.state for standing in standings(openings, layout=layout)]


def test_an_opening_names_day_role_reason_models_and_folds(ask: Ask, layout: Layout) -> None:
    row = ask("dual").iloc[0]
    assert row[["arm", "opened_on", "role", "reason"]].tolist() == ["dual", "2026-03-01", "statistician", "final"]
    assert len({row["models"], row["folds"]}) == 2
    assert is_open("dual", openings=read_openings(layout.base / "openings.csv"), layout=layout)


def test_without_an_opening_an_arm_is_closed(ask: Ask, layout: Layout) -> None:
    assert not is_open("view_systole", openings=ask("dual"), layout=layout)


def test_several_arms_are_opened_at_once(ask: Ask, layout: Layout) -> None:
    assert states(ask("dual", "view_systole", "dual"), layout) == ["holds", "holds"]


def test_other_models_close_it_again_and_the_row_stays(ask: Ask, layout: Layout) -> None:
    openings = ask("dual")
    tables.write_bytes(layout.models("dual") / "fold1.safetensors", b"trained again")
    assert states(openings, layout) == ["closed again: other models now"]
    assert states(ask("dual"), layout) == ["closed again: other models now", "holds"]


def test_other_folds_close_it_again(ask: Ask, layout: Layout) -> None:
    openings = ask("dual")
    tables.write_bytes(layout.folds, layout.folds.read_bytes().replace(b",0\n", b",1\n"))
    assert states(openings, layout) == ["closed again: other folds now"]


def test_the_same_models_again_open_it_again(ask: Ask, layout: Layout) -> None:
    openings, path = ask("dual"), layout.models("dual") / "fold1.safetensors"
    before = path.read_bytes()
    tables.write_bytes(path, b"trained otherwise")
    tables.write_bytes(path, before)
    assert states(openings, layout) == ["holds"]


def test_models_that_are_gone_answer_nothing(ask: Ask, layout: Layout) -> None:
    openings = ask("dual")
    for path in layout.models("dual").iterdir():
        path.unlink()
    layout.models("dual").rmdir()
    assert states(openings, layout) == ["closed again: other models now"]


def test_earlier_bytes_of_the_sheet_stay_as_they_are(ask: Ask, sheet: Path) -> None:
    ask("dual")
    before = sheet.read_bytes()
    ask("view_systole")
    assert sheet.read_bytes().startswith(before)
    assert len(sheet.read_bytes().splitlines()) == 3


def test_a_last_line_without_an_end_is_ended(ask: Ask, sheet: Path) -> None:
    sheet.write_bytes(sheet.read_bytes().rstrip(b"\n"))
    assert len(ask("dual")) == 1


def test_a_reason_may_hold_commas_and_quotes(ask: Ask) -> None:
    assert ask("dual", reason='final, as "planned"')["reason"].tolist() == ['final, as "planned"']


def test_an_identical_opening_is_refused(ask: Ask) -> None:
    ask("dual")
    with pytest.raises(SplitError, match="hold-out of dual: expected a closed one, got a second request"):
        ask("dual")


@pytest.mark.parametrize(
    ("arm", "kind", "told"),
    [
        ("by_input", SplitError, "expected an arm by patient, got scheme paper_by_input"),
        ("permuted", SplitError, "expected an arm that may be right, got a control"),
        ("background", SplitError, "expected an arm that may be right, got a control"),
        ("nobody", ConfigError, "expected one of dual, view_systole, by_input, permuted, background, got nobody"),
    ],
)
def test_leaky_arms_controls_and_strangers_are_refused(ask: Ask, arm: str, kind: type[CinemyoError], told: str) -> None:
    with pytest.raises(kind, match=told):
        ask(arm)


def test_one_refused_arm_leaves_all_closed(ask: Ask, sheet: Path) -> None:
    before = sheet.read_bytes()
    with pytest.raises(SplitError):
        ask("dual", "permuted")
    assert sheet.read_bytes() == before


def test_an_arm_without_all_models_is_refused(ask: Ask, layout: Layout) -> None:
    (layout.models("dual") / "fold2.safetensors").unlink()
    with pytest.raises(WeightsError, match="models of dual: expected the models of 3 folds, got 2; run `make repro`"):
        ask("dual")


def test_the_protocol_of_the_paper_holds_nobody_out(ask: Ask) -> None:
    values = params_values()
    arms = {"dual": values["arms"]["dual"] | {"scheme": "paper"}}
    with pytest.raises(SplitError, match="expected protocol honest, got protocol paper"):
        ask("dual", own=study(arms=arms, split=values["split"] | {"protocol": "paper"}))


def test_a_study_without_a_hold_out_has_nothing_to_open(ask: Ask, layout: Layout) -> None:
    folds = tables.read(layout.folds, table=tables.FOLDS)
    tables.write(folds[folds["part"] != "holdout"], table=tables.FOLDS, path=layout.folds)
    with pytest.raises(SplitError, match="expected patients in the hold-out, got none"):
        ask("dual")


@pytest.mark.parametrize("words", ["", "  ", "one\ntwo", "\x07"])
def test_a_reason_is_one_line_of_text(ask: Ask, words: str) -> None:
    with pytest.raises(ConfigError, match="--reason: expected one line of text"):
        ask("dual", reason=words)


def test_a_sheet_in_git_names_no_patient(ask: Ask) -> None:
    with pytest.raises(ConfigError, match="--role: expected no pseudonym, got one"):
        ask("dual", role=f"physician of {identifier('p', 3)}")


def test_an_absent_sheet_is_told_with_its_header(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="write a file with this line alone: arm,opened_on,role,reason,models,folds"):
        read_openings(tmp_path / "absent.csv")


def test_a_sheet_written_by_hand_is_checked(sheet: Path) -> None:
    sheet.write_text(sheet.read_text() + "dual,yesterday,me,because,1,2\n")
    with pytest.raises(TableError, match="column opened_on"):
        read_openings(sheet)


@pytest.mark.parametrize("study_name", ["demo", "full", "acdc", "paper"])
def test_every_study_has_its_sheet(study_name: str) -> None:
    path = Path(__file__).resolve().parents[1] / "conf" / "openings" / f"{study_name}.csv"
    assert list(schema.read(path, table=sheets.OPENINGS).columns) == sheets.OPENINGS.header
