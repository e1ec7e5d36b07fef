"""The flow of a study at every level, and its refusal of counts that do not add up."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from cinemyo import tables
from cinemyo.audit.balance import Account, Counts, Step
from cinemyo.audit.flow import account_of
from cinemyo.audit.flow_figure import as_steps, drawn
from cinemyo.audit.flow_text import as_text, as_values
from cinemyo.config import Params
from cinemyo.errors import TableError
from cinemyo.layout import Layout
from tests.tiny_study import N, build, identifier

STUDY = tuple[Params, Layout]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> STUDY:
    """A study that nobody breaks."""
    return build(tmp_path_factory.mktemp("flow"))


@pytest.fixture(scope="module")
def account(built: STUDY) -> Account:
    params, layout = built
    return account_of(params, layout=layout)


@pytest.fixture
def study(built: STUDY, tmp_path: Path) -> STUDY:
    """A copy to be broken."""
    params, layout = built
    base = tmp_path / "study"
    shutil.copytree(layout.base, base)
    return params, Layout(layout.study, base)


def step(account: Account, name: str, cohort: str = "study") -> Step:
    return next(own for own in account.steps if (own.cohort, own.name) == (cohort, name))


def test_files_are_used_or_excluded_with_a_reason(account: Account) -> None:
    files = step(account, "files")
    assert (files.came.files, files.stayed.files, files.gone.files) == (2 * N + 3, 2 * N, 3)
    assert [(loss.code, loss.reason, loss.counts) for loss in files.losses] == [
        ("scout", "a localiser <three planes>", Counts(series=1, files=3))
    ]


def test_the_split_sets_the_hold_out_aside_at_every_level(account: Account) -> None:
    split = step(account, "split")
    assert split.came == Counts(9, 9, 18, 18)
    assert split.gone == Counts(1, 1, 2, 2)
    assert split.stayed == Counts(8, 8, 16, 16)
    assert [loss.code for loss in split.losses] == ["holdout"]


def test_the_analysed_are_those_of_the_classes(account: Account) -> None:
    assert step(account, "analysed, arm dual").stayed.cines == 16
    assert sum(own.cines or 0 for own in account.classes.values()) == 16


def test_canvases_balance_for_every_recipe(account: Account) -> None:
    assert step(account, "canvases, recipe coarse").stayed.cines == N


@pytest.mark.parametrize("level", ["patients", "exams", "series", "cines"])
def test_counts_that_do_not_balance_are_refused_by_level(account: Account, level: str) -> None:
    split = step(account, "split")
    with pytest.raises(TableError, match=f"flow, study, split, {level}"):
        replace(split, stayed=replace(split.stayed, **{level: 99})).check()


def test_codes_that_do_not_add_up_are_refused(account: Account) -> None:
    split = step(account, "split")
    with pytest.raises(TableError, match="expected 2 by code, got 0"):
        replace(split, losses=()).check()


def test_a_cine_without_a_label_leaves_by_that_code(study: STUDY) -> None:
    params, layout = study
    _edit(layout.labels, lambda frame: frame.assign(pathology=frame["pathology"].where(frame.index != N - 1)))
    _edit(layout.folds, lambda frame: frame[frame["cine_id"] != identifier("c", N - 1)])
    labelled = step(account_of(params, layout=layout), "labelled")
    assert [(loss.code, loss.counts.cines) for loss in labelled.losses] == [("no_label", 1)]
    assert labelled.gone == Counts(0, 0, 1, 1)


def test_a_cine_without_a_canvas_leaves_by_the_code_of_prepare(study: STUDY) -> None:
    params, layout = study
    lost = identifier("c", 0)
    folder = layout.prepared("coarse")
    _edit(folder / "prepared.csv", lambda frame: frame[frame["cine_id"] != lost])
    row = {"item": lost, "level": "cine", "code": "empty_window", "reason": "no gray values", "n_files": 0}
    tables.write(
        tables.from_rows([row], table=tables.EXCLUSIONS), table=tables.EXCLUSIONS, path=folder / "exclusions.csv"
    )
    _edit(layout.predictions("dual"), lambda frame: frame[frame["cine_id"] != lost])
    _metrics(layout, n_cines=15)
    analysed = step(account_of(params, layout=layout), "analysed, arm dual")
    assert [(loss.code, loss.reason, loss.counts.cines) for loss in analysed.losses] == [
        ("empty_window", "no gray values", 1)
    ]


def test_a_patient_of_whom_nothing_was_used_is_counted(study: STUDY) -> None:
    params, layout = study
    _edit(layout.exclusions, lambda frame: frame.assign(patient_id="p-7777777777777777"))
    patients = step(account_of(params, layout=layout), "patients")
    assert (patients.came.patients, patients.gone.patients) == (10, 1)
    assert [(loss.code, loss.counts.patients) for loss in patients.losses] == [("scout", 1)]


def test_the_external_cohort_has_steps_of_its_own(study: STUDY) -> None:
    params, layout = study
    _external(layout)
    external = params.external.model_copy(update={"arms": ("dual",)})
    found = account_of(params.model_copy(update={"external": external}), layout=layout)
    assert step(found, "files", "external").came.files == 2
    assert step(found, "analysed, arm dual", "external").stayed == Counts(1, 1, 1, 1)
    assert drawn(found, cohort="external", note="").startswith(b"<?xml")


def test_patients_who_left_are_counted_by_reason(study: STUDY) -> None:
    params, layout = study
    path = layout.base / params.oversight.withdrawn
    path.parent.mkdir(parents=True)
    path.write_text("refusal,reason\na,objection\nb,objection\nc,ineligible\n")
    assert account_of(params, layout=layout).withdrawn == {"objection": 2, "ineligible": 1}


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda layout: _metrics(layout, n_cines=15), "expected 15 cines of 8 patients, as in metrics.json"),
        (lambda layout: _edit(layout.exclusions, lambda frame: frame.assign(n_files="2")), "3 files under scout"),
        (lambda layout: _edit(layout.cines, lambda frame: frame.iloc[:-1]), "in one of the two alone"),
        (lambda layout: _edit(layout.folds, lambda frame: frame.iloc[1:]), "expected answers to the cines of the step"),
        (
            lambda layout: _edit(layout.prepared("coarse") / "prepared.csv", lambda frame: frame.iloc[1:]),
            "each cine prepared or excluded",
        ),
        (lambda layout: layout.sources.unlink(), "expected the table sources, got no file"),
        (lambda layout: layout.predictions("dual").unlink(), "expected answers for the target pathology, got no file"),
        (lambda layout: layout.metrics.unlink(), "expected the figures, got no file"),
    ],
)
def test_tables_that_contradict_each_other_are_refused(
    study: STUDY, break_it: Callable[[Layout], None], said: str
) -> None:
    params, layout = study
    break_it(layout)
    with pytest.raises(TableError, match=said):
        account_of(params, layout=layout)


def test_people_read_codes_with_reasons(account: Account) -> None:
    told = as_text(account)
    assert "- holdout" in told
    assert "held out of all folds" in told
    assert told.endswith("Every step balances at every level.")


def test_machines_read_all_steps(account: Account) -> None:
    assert len(json.loads(json.dumps(as_values(account)))["steps"]) == len(account.steps)


def test_the_figure_ends_with_the_classes(account: Account) -> None:
    last = as_steps(account, cohort="study")[-1]
    assert last.goes_on[0] == "Analysed: 16 cines of 8 patients"
    assert len(last.goes_on) == 4


def test_the_figure_is_the_same_twice(account: Account) -> None:
    assert drawn(account, cohort="study", note="a") == drawn(account, cohort="study", note="a")


def _edit(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    change(pd.read_csv(path, dtype="str")).to_csv(path, index=False)


def _metrics(layout: Layout, *, n_cines: int) -> None:
    content = json.loads(layout.metrics.read_text())
    content["arms"]["dual"]["n_cines"] = n_cines
    layout.metrics.write_text(json.dumps(content))


def _external(layout: Layout) -> None:
    """One cine of one patient, made of one of two files."""
    own, cine = layout.external, "c-7777777777777777"
    row = pd.read_csv(layout.cines, dtype="str").head(1)
    row = row.assign(cine_id=cine, patient_id="p-7777777777777777")
    own.data.mkdir(parents=True)
    row.to_csv(own.cines, index=False)
    files = [
        {"file": "1" * 32, "digest": "1" * 64, "bytes": 1, "cine_id": cine, "code": None},
        {"file": "2" * 32, "digest": "2" * 64, "bytes": 1, "cine_id": None, "code": "scout"},
    ]
    tables.write(tables.from_rows(files, table=tables.SOURCES), table=tables.SOURCES, path=own.sources)
    own.exclusions.write_text("item,patient_id,level,code,reason,n_files\nx,,series,scout,a localiser,1\n")
    pd.read_csv(layout.labels, dtype="str").head(1).assign(cine_id=cine).to_csv(own.labels, index=False)
    answers = pd.DataFrame({"cine_id": [cine] * 2, "fold": [0, 1], "set": "external", "truth": "normal"})
    path = layout.external_predictions("dual")
    path.parent.mkdir(parents=True)
    answers.to_csv(path, index=False)
