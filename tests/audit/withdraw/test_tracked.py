"""Runs of a patient in the embedded store: marked, and rid of what shows the patient."""

from pathlib import Path

import pytest

from cinemyo.audit.withdraw.ids import Ids
from cinemyo.audit.withdraw.tracked import Family, families, steps
from cinemyo.audit.withdraw.workspace import Policy
from cinemyo.record.tracking import STORE, Entry, Store, runs_of
from cinemyo.record.tracking.removed import CONTAINS, compact, mark

MINE, OTHER = "c-abcdefghijklmnop", "c-ponmlkjihgfedcba"
IDS = Ids.of([MINE])


def entry(base: Path, arm: str, cine: str) -> Entry:
    """A run with predictions, a figure and heat maps, and one fold with its model."""
    names = ("predictions.csv", "figures/confusion.png", "heat_maps/overview.png", "model/fold0.safetensors")
    paths = {name: base / arm / name for name in names}
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"cine_id\n{cine}\n" if name.endswith(".csv") else f"{arm} {name}")
    model = {names[3]: paths[names[3]]}
    child = Entry("demo", arm, 0, files=model)
    return Entry("demo", arm, None, files={name: paths[name] for name in names[:3]}, children=[child])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tracked")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(STORE, raising=False)
        Store(folder).record([entry(folder, "dual", MINE), entry(folder, "systole", OTHER)], study="demo")
        Store(folder).record([entry(folder, "elsewhere", MINE)], study="another")
    return folder


@pytest.fixture
def found(base: Path, monkeypatch: pytest.MonkeyPatch) -> list[Family]:
    monkeypatch.delenv(STORE, raising=False)
    return families("demo", ids=IDS, base=base)


def test_only_runs_that_answered_the_patient_are_found(found: list[Family]) -> None:
    assert [[run.name for run in family.runs] for family in found] == [["dual", "dual fold 0"]]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("retain", ["heat_maps/overview.png", "predictions.csv"]),
        ("retrain", ["heat_maps/overview.png", "model/fold0.safetensors", "predictions.csv"]),
        ("retire", ["heat_maps/overview.png", "model/fold0.safetensors", "predictions.csv"]),
    ],
)
def test_what_goes_hangs_on_the_policy_and_predictions_go_last(
    base: Path, found: list[Family], policy: Policy, expected: list[str]
) -> None:
    planned = [step.removal.name.partition("/")[2] for step in steps(found, policy=policy, base=base)]
    assert planned == expected


def test_a_mark_is_set_once_and_a_second_certificate_added(base: Path, found: list[Family]) -> None:
    run = found[0].runs[0].run_id
    for certificate in ("one", "one", "two"):
        mark(run, certificate, base=base)
    assert {item.run_id: item.tags.get(CONTAINS) for item in runs_of(base)}[run] == "one two"


def test_after_it_the_store_has_neither_files_nor_pages_of_the_patient(base: Path, found: list[Family]) -> None:
    run = found[0].runs[0].run_id
    mark(run, MINE, base=base)
    Store(base).client.delete_tag(run, CONTAINS)
    for step in steps(found, policy="retrain", base=base):
        step.do()
        step.do()
    compact(base)
    assert families("demo", ids=IDS, base=base) == []
    assert MINE.encode() not in (base / "mlruns" / "mlflow.db").read_bytes()
    assert {name for item in runs_of(base) if item.name == "dual" for name in item.files} == {"figures/confusion.png"}
