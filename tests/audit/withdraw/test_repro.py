"""A hospital's study from its export to its report, and a patient who withdraws from it, in clones of their own.

No identity is in any byte that the runs write; nothing of the patient is left afterwards, and the next run gives what a
run gives that never saw the patient.
"""

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pydicom
import pytest

from cinemyo.audit.details import Details
from cinemyo.audit.withdraw.ids import Ids, ids_of
from cinemyo.config import PhantomCohort
from cinemyo.deid.keys import KEY_VARIABLE, load_key, new_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.layout import Layout
from cinemyo.scan.dicom import known_values
from cinemyo.scan.search import Search
from cinemyo.scan.values import read_values
from cinemyo.sources.phantom import generate
from tests.canaries import known_file, plant
from tests.pipelines.test_repro import Clone

pytestmark = pytest.mark.slow

STUDY = "canaries"
OVERRIDES = [
    "study.name=canaries",
    "source=dicom",
    "~phantoms.demo",
    "study.synthetic=false",
    "oversight.consent_basis=waiver",
    "split.folds=3",
    "split.holdout_share=0",
    "explain.correct_drawn=1",
    "evaluate.bootstrap=100",
    "oversight.withdrawn=conf/oversight/withdrawn_demo.csv",
    "sheets.openings=conf/openings/demo.csv",
    *(f"~arms.{arm}" for arm in ("diastole", "dual_by_input", "dual_permuted", "systole", "view_dual")),
    "arms.dual.fit.epochs=1",
]
COHORT = PhantomCohort(patients=12, seed=4, phases=8, matrix=64, field_of_view_mm=350, max_cines=2)
TOLD = {"exclusions.csv", "provenance", "model_card.md", "checklists"}
"""What counts the files of the patient, or hashes what does; and what the stage after the figures writes."""


@dataclass(frozen=True)
class Identities:
    """What a search for every identity of the export found before the withdrawal."""

    sought: int
    in_export: set[int]
    """Numbers of those found where they were planted."""
    written: list[str]
    """Where one was found in what the run wrote."""
    unread: list[str]


@dataclass(frozen=True)
class Story:
    """A study before and after, a run that never saw the patient, and how the patient was known."""

    clone: Path
    remote: Path
    fresh: Path
    export: Path
    """Of the patient alone."""
    ids: Ids
    told: dict[str, object]
    identities: Identities


def searched(base: Path, *, clone: Clone, values: list[str]) -> Identities:
    """Looks for the planted values, and for those that the headers name, in the export and in all that was written."""
    export = base / "export"
    search = Search.of([*read_values(known_file(base / "known.json", values)), *known_values(export / "dicom")])
    for part in ("dicom", "labels.csv"):
        search.tree(export / part)
    planted = {place.known for place in search.report.finds} - {0}
    search.report.finds.clear()
    search.report.unread.clear()
    for folder in (clone.folder, base / "remote"):
        search.tree(folder)
    search.repository(clone.folder)
    found = [place.path for place in search.report.finds if place.known]
    return Identities(search.report.known, planted, found, [str(place) for place in search.report.unread])


def cloned(folder: Path, *, export: Path, key: Path) -> Clone:
    clone = Clone(folder)
    (clone.folder / "data").mkdir(exist_ok=True)
    (clone.folder / "data" / "source").symlink_to(export / "dicom")
    (clone.folder / "data" / "labels.csv").symlink_to(export / "labels.csv")
    # what is written outside the study is searched too
    homes = {name: clone.folder / "outputs" / name.lower() for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    for path in homes.values():
        path.mkdir(parents=True)
    clone.environment = {KEY_VARIABLE: str(key), **{name: str(path) for name, path in homes.items()}}
    said = clone.run(sys.executable, "-m", "pipelines.params", *OVERRIDES)
    said += clone.run(sys.executable, "-m", "pipelines.census")
    (clone.folder / "outputs" / "said.txt").write_text(said, encoding="utf-8")
    return clone


def parted(export: Path, *, patient: str, out: Path) -> tuple[Path, Path]:
    """The export without a patient, with the sheet's rows of the others, and the patient's files alone."""
    others, own = out / "others", out / "own"
    for path in sorted(item for item in (export / "dicom").rglob("*") if item.is_file()):
        is_own = path.name.startswith("Quibblestone") and _patient(path) == patient
        target = (own if is_own else others / "dicom") / path.relative_to(export / "dicom")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    sheet = pd.read_csv(export / "labels.csv", dtype="str")
    sheet[sheet["patient"] != patient].to_csv(others / "labels.csv", index=False)
    return others, own


def _patient(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).PatientID)


def run_at_once(clone: Clone, stages: list[list[str]]) -> None:
    """Runs stages one after the other in a process that imports what they need once, without DVC."""
    script = "import json, runpy, sys\nfor name, *rest in json.loads(sys.argv[1]):\n    sys.argv = [name, *rest]\n"
    clone.run(sys.executable, "-c", f"{script}    runpy.run_module(name, run_name='__main__')", json.dumps(stages))


def stages_of(printed: str, *, last: str) -> list[list[str]]:
    """Module and argument of each stage that DVC says it ran, in its order, up to one."""
    found = [line.split()[3:] for line in printed.splitlines() if line.startswith("> python -m pipelines.")]
    return found[: found.index([last]) + 1]


def commit(clone: Clone) -> None:
    clone.run("git", "add", "-A", "--", "conf", "params.yaml", ".dvc")
    clone.run("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "state")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    base = tmp_path_factory.mktemp("story")
    generate(COHORT, out=base / "export")
    values = plant(base / "export" / "dicom", labels=base / "export" / "labels.csv")
    new_key(base / "key")
    clone = cloned(base / "clone", export=base / "export", key=base / "key")
    remote = base / "remote"
    clone.run(sys.executable, "-m", "dvc", "remote", "add", "-d", "store", str(remote))
    said = clone.run(sys.executable, "-m", "dvc", "repro")
    stages = stages_of(said, last="pipelines.evaluate")
    said += clone.run(sys.executable, "-m", "cinemyo.cli", "audit", "lineage")
    said += clone.run(sys.executable, "-m", "dvc", "push")
    with (clone.folder / "outputs" / "said.txt").open("a", encoding="utf-8") as log:
        log.write(said)
    identities = searched(base, clone=clone, values=values)
    commit(clone)
    patient = of_the_largest_class(base / "export" / "labels.csv")
    layout = Layout(STUDY, clone.folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(KEY_VARIABLE, str(base / "key"))
        code = pseudonym("patient", patient, key=load_key("file"))
    ids = ids_of(frozenset({code}), layout=layout, details=Details(clone.folder / "audit" / "details.sqlite"))
    folds = pd.read_csv(layout.folds, dtype="str")
    basis = layout.folds_basis.read_bytes()
    assert carrying(clone.folder, ids)
    assert carrying(remote, ids)
    withdraw = [sys.executable, "-m", "cinemyo.cli", "audit", "withdraw", patient]
    decision = ["--reason", "consent_withdrawn", "--role", "data protection officer", "--json"]
    # a remote that is away leaves the withdrawal unfinished
    remote.rename(base / "away")
    unfinished = json.loads(failing(clone, *withdraw, *decision))
    (base / "away").rename(remote)
    told = json.loads(clone.run(*withdraw, *decision))
    assert (unfinished["state"], unfinished["certificate"]) == ("incomplete", told["certificate"])
    left = [*carrying(clone.folder, ids), *carrying(remote, ids)]
    assert left == []
    commit(clone)
    others, own = parted(base / "export", patient=patient, out=base)
    fresh = cloned(base / "fresh", export=others, key=base / "key")
    target = Layout(STUDY, fresh.folder)
    target.data.mkdir(parents=True)
    folds[folds["patient_id"] != code].to_csv(target.folds, index=False, lineterminator="\n")
    target.folds_basis.write_bytes(basis)
    with ThreadPoolExecutor() as pool:
        made_anew = pool.submit(clone.run, sys.executable, "-m", "dvc", "repro")
        run_at_once(fresh, stages)
        made_anew.result()
    return Story(clone.folder, remote, fresh.folder, own, ids, told, identities)


def of_the_largest_class(sheet: Path) -> str:
    """A patient without whom every class still has one per fold."""
    rows = pd.read_csv(sheet, dtype="str")
    counts = rows.drop_duplicates("patient")["pathology"].value_counts()
    return str(rows.loc[rows["pathology"] == counts.index[0], "patient"].iloc[0])


def failing(clone: Clone, *command: str) -> str:
    """What a command says on its standard output that ends with status 1."""
    script = "import subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True);"
    script += " sys.stdout.write(done.stdout); sys.exit(0 if done.returncode == 1 else 3)"
    return clone.run(sys.executable, "-c", script, *command)


def carrying(folder: Path, ids: Ids) -> list[str]:
    """Files, git's own and what the export's links lead to apart, that carry a code in name or content."""
    found = []
    for path in sorted(folder.rglob("*")):
        own = path.relative_to(folder)
        if path.is_file() and not path.is_symlink() and own.parts[0] != ".git":
            found += [own.as_posix()] * (ids.in_text(own.as_posix()) or ids.in_file(path))
    return found


def files(folder: Path) -> dict[str, bytes]:
    found = [path for name in (f"data/{STUDY}", "reports") for path in (folder / name).rglob("*") if path.is_file()]
    names = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: path.read_bytes() for name, path in names.items() if not TOLD & set(Path(name).parts)}


def test_every_identity_is_found_where_it_was_planted(story: Story) -> None:
    assert story.identities.in_export == set(range(1, story.identities.sought + 1))


def test_no_identity_is_in_any_byte_that_the_run_wrote(story: Story) -> None:
    assert (story.clone / "reports" / "report.html").is_file()
    assert story.identities.written == []
    assert story.identities.unread == []


def test_nothing_of_the_patient_is_left_after_the_next_run(story: Story) -> None:
    assert carrying(story.clone, story.ids) == []
    assert carrying(story.remote, story.ids) == []


def test_no_identity_of_the_patient_is_in_any_byte(story: Story) -> None:
    search = Search.of(known_values(story.export))
    for folder in (story.clone, story.remote):
        search.tree(folder)
    search.repository(story.clone)
    assert [place for place in search.report.finds if place.known] == []
    assert search.report.unread == []


def test_the_tombstone_is_all_that_is_kept(story: Story) -> None:
    rows = pd.read_csv(story.clone / "conf/oversight/withdrawn_demo.csv", dtype="str")
    assert rows["refusal"].tolist() == story.told["retained"]


def test_results_are_those_of_a_run_that_never_saw_the_patient(story: Story) -> None:
    mine, fresh = files(story.clone), files(story.fresh)
    # the fresh run ends with the figures: contact sheets and the report are made after them
    assert [name for name, content in fresh.items() if content != mine.get(name)] == []
    assert {"sources.parquet", "metrics.json", "fold0.safetensors"} <= {Path(name).name for name in fresh}
    assert {name for name in mine if name.startswith("data/")} <= set(fresh)


def test_every_file_of_the_export_is_accounted_for(story: Story) -> None:
    mine, fresh = (pd.read_csv(folder / "data" / STUDY / "exclusions.csv") for folder in (story.clone, story.fresh))
    own = sum(1 for path in story.export.rglob("*") if path.is_file())
    assert mine.loc[mine["code"] == "withdrawn", "n_files"].tolist() == [own]
    pd.testing.assert_frame_equal(mine[mine["code"] != "withdrawn"], fresh)


def test_the_certificate_tells_every_place(story: Story) -> None:
    removed = story.told["removed"]
    assert isinstance(removed, dict)
    assert {"study data", "reports", "tracking store", "cache", "remote"} <= set(removed["counts"])
