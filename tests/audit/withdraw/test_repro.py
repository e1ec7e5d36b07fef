"""A patient withdraws from a study that ran; what is left, and what the next run gives, in clones of their own."""

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
from cinemyo.sources.phantom import generate
from tests.pipelines.test_repro import CANARIES, Clone

pytestmark = pytest.mark.slow

STUDY = "canaries"
COHORT = PhantomCohort(patients=12, seed=4, phases=8, matrix=64, field_of_view_mm=350, max_cines=2)
TOLD = {"exclusions.csv", "provenance", "model_card.md", "checklists"}
"""What counts the files of the patient, or hashes what does; and what the stage after the figures writes."""


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


def cloned(folder: Path, *, export: Path, key: Path) -> Clone:
    clone = Clone(folder)
    (clone.folder / "data").mkdir(exist_ok=True)
    (clone.folder / "data" / "source").symlink_to(export / "dicom")
    (clone.folder / "data" / "labels.csv").symlink_to(export / "labels.csv")
    clone.environment = {KEY_VARIABLE: str(key)}
    overrides = [*CANARIES, "oversight.withdrawn=conf/oversight/withdrawn_demo.csv"]
    clone.run(sys.executable, "-m", "pipelines.params", *overrides)
    clone.run(sys.executable, "-m", "pipelines.census")
    return clone


def parted(export: Path, *, patient: str, out: Path) -> tuple[Path, Path]:
    """The export without a patient, with the sheet's rows of the others, and the patient's files alone."""
    others, own = out / "others", out / "own"
    for path in sorted(item for item in (export / "dicom").rglob("*") if item.is_file()):
        is_own = str(pydicom.dcmread(path, stop_before_pixels=True).get("PatientID", "")) == patient
        target = (own if is_own else others / "dicom") / path.relative_to(export / "dicom")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    sheet = pd.read_csv(export / "labels.csv", dtype="str")
    sheet[sheet["patient"] != patient].to_csv(others / "labels.csv", index=False)
    return others, own


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
    new_key(base / "key")
    clone = cloned(base / "clone", export=base / "export", key=base / "key")
    remote = base / "remote"
    clone.run(sys.executable, "-m", "dvc", "remote", "add", "-d", "store", str(remote))
    stages = stages_of(clone.run(sys.executable, "-m", "dvc", "repro"), last="pipelines.evaluate")
    clone.run(sys.executable, "-m", "dvc", "push")
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
    return Story(clone.folder, remote, fresh.folder, own, ids, told)


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


def test_nothing_of_the_patient_is_left_after_the_next_run(story: Story) -> None:
    assert carrying(story.clone, story.ids) == []
    assert carrying(story.remote, story.ids) == []


def test_no_identity_of_the_patient_is_in_any_byte(story: Story) -> None:
    search = Search.of(known_values(story.export))
    for folder in (story.clone, story.remote):
        search.tree(folder)
    search.repository(story.clone)
    # the program that makes phantoms spells their names
    found = [place.path for place in search.report.finds if place.known]
    assert [path for path in found if "src/cinemyo/sources/phantom/" not in path] == []
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
