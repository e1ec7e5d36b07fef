import hashlib
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml

from cinemyo import tables
from cinemyo.audit.anchor import anchor
from cinemyo.audit.finding import Finding
from cinemyo.audit.ledger import Ledger
from cinemyo.audit.reconcile import reconcile
from cinemyo.audit.verify import Verdict
from cinemyo.audit.verify import verify as verdict_on
from cinemyo.record.tracking import STORE, Entry, Store
from tests.audit.project import STAGES, Project
from tests.tiny_study import identifier

LABELS = "data/tiny/labels.csv"
MODEL = "data/tiny/models/dual/fold0.safetensors"


def verify(project: Project, *, now: datetime | None = None, anchors: tuple[Path, ...] = ()) -> Verdict:
    return verdict_on(project.params, layout=project.layout, now=now, anchors=anchors)


def faults(verdict: Verdict) -> list[Finding]:
    return [finding for finding in verdict.findings if finding.level == "fault"]


def named(verdict: Verdict) -> set[str]:
    return {finding.what for finding in faults(verdict)}


def rewrite(project: Project, change: Callable[[list[bytes]], list[bytes]]) -> None:
    path = project.ledger.path
    path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))


def set_params(project: Project, key: str, value: object) -> None:
    path = project.base / "params.yaml"
    values = found = yaml.safe_load(path.read_text())
    *parents, last = key.split(".")
    for name in parents:
        found = found[name]
    found[last] = value
    path.write_text(yaml.safe_dump(values))


@pytest.fixture
def _each_table_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table whose bytes were found to hold is not checked again: of many, a test changes a few at a time."""
    held: dict[tuple[str, tables.Table], pd.DataFrame] = {}
    read = tables.read

    def remembered(path: Path, *, table: tables.Table) -> pd.DataFrame:
        key = hashlib.sha256(path.read_bytes()).hexdigest(), table
        if key not in held:
            held[key] = read(path, table=table)
        return held[key].copy()

    monkeypatch.setattr(tables, "read", remembered)


@pytest.mark.usefixtures("_each_table_once")
def test_twenty_clean_runs_give_no_alarm(project: Project) -> None:
    for number in range(20):
        if number % 5 == 0:
            project.run("split")
        assert [str(finding) for finding in faults(verify(project))] == []


def test_what_was_compared_is_counted(ran: Project) -> None:
    verdict = verify(ran)
    assert verdict.artefacts == sum(len(outputs) + 1 for _, outputs in STAGES.values())
    assert verdict.head == ran.ledger.head()
    assert (
        verdict.text().splitlines()[-1].startswith(f"holds: {verdict.records} records, {verdict.artefacts} artefacts")
    )


@contextmanager
def flipped(path: Path, *, place: int, bit: int) -> Iterator[None]:
    """One byte of a file changed, and changed back."""
    content = path.read_bytes()
    path.write_bytes(content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :])
    try:
        yield
    finally:
        path.write_bytes(content)


def artefacts(project: Project) -> list[Path]:
    """Files of the data, tables, models and reports of the stages."""
    outputs = [project.base / output for _, outputs in STAGES.values() for output in outputs]
    found = [sorted(path.rglob("*")) if path.is_dir() else [path] for path in outputs]
    return [path for paths in found for path in paths if path.is_file()]


@pytest.mark.usefixtures("_each_table_once")
def test_160_changed_bytes_of_data_tables_models_and_reports_are_named(project: Project) -> None:
    generator = random.Random(5)
    files = artefacts(project)
    for _ in range(40):
        # four files at a time, to spend less on what is the same each time
        with ExitStack() as changes:
            chosen = generator.sample(files, 4)
            for path in chosen:
                place = generator.randrange(path.stat().st_size)
                changes.enter_context(flipped(path, place=place, bit=generator.randrange(8)))
            assert {path.relative_to(project.base).as_posix() for path in chosen} <= named(verify(project))
    assert verify(project).holds


@pytest.mark.usefixtures("_each_table_once")
def test_40_changed_bytes_of_the_ledger_are_named(project: Project) -> None:
    generator = random.Random(6)
    content = project.ledger.path.read_bytes()
    for _ in range(40):
        place = generator.randrange(len(content))
        line = content.count(b"\n", 0, place) + 1
        with flipped(project.ledger.path, place=place, bit=generator.randrange(8)):
            assert f"audit/ledger.jsonl, line {line}" in named(verify(project)), f"byte {place}"
    assert verify(project).holds


@pytest.mark.parametrize("line", [1, 7, 20])
def test_a_deleted_record_is_named_by_its_line(project: Project, line: int) -> None:
    rewrite(project, lambda lines: lines[: line - 1] + lines[line:])
    assert f"audit/ledger.jsonl, line {line}" in named(verify(project))


def test_reordered_records_are_named(project: Project) -> None:
    rewrite(project, lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]])
    assert "audit/ledger.jsonl, line 4" in named(verify(project))


def test_records_cut_off_at_the_end_are_told(project: Project) -> None:
    rewrite(project, lambda lines: lines[:-2])
    (finding,) = [finding for finding in faults(verify(project)) if finding.check == "ledger"]
    assert finding.difference.endswith("the last ones are missing")


def test_a_torn_record_is_named(project: Project) -> None:
    rewrite(project, lambda lines: [*lines[:-1], lines[-1][:-20]])
    assert f"audit/ledger.jsonl, line {_lines(project)}" in named(verify(project))


def _lines(project: Project) -> int:
    return len(project.ledger.path.read_bytes().split(b"\n"))


def test_a_deleted_ledger_is_told_and_none_takes_its_place(project: Project) -> None:
    project.ledger.path.unlink()
    for _ in range(2):
        finding = next(finding for finding in faults(verify(project)) if finding.check == "ledger")
        assert finding.difference.startswith("no ledger, where one of")
    assert not project.ledger.path.exists()


def test_runs_of_a_ledger_that_was_deleted_whole_tell_of_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE, raising=False)
    head = project.ledger.head()
    Store(project.base).record([Entry("tiny", "dual", None, tags={"ledger_head": head})], study="tiny")
    assert [finding for finding in verify(project).findings if finding.what.endswith("mlruns")] == []
    shutil.rmtree(project.base / "audit")
    (finding,) = [finding for finding in verify(project).findings if finding.what == "1 runs of mlruns"]
    assert (finding.level, head[:12] in finding.difference) == ("note", True)


def test_a_ledger_written_anew_passes_without_an_anchor_and_fails_with_one(project: Project, tmp_path: Path) -> None:
    kept = tmp_path / "anchor.txt"
    anchor(kept, base=project.base)
    for path in (project.ledger.path, project.ledger.seal, project.details.path):
        path.unlink()
    assert verify(project).holds
    assert named(verify(project, anchors=(kept,))) == {"anchor.txt"}


def test_an_anchor_in_a_tag_is_compared(project: Project, tmp_path: Path) -> None:
    text = anchor(tmp_path / "anchor.txt", base=project.base).text()
    project.git("tag", "-a", "audit-1", "-m", text)
    assert verify(project).holds
    for path in (project.ledger.path, project.ledger.seal, project.details.path):
        path.unlink()
    assert named(verify(project)) == {"tag audit-1"}


def test_an_absent_file_of_a_folder_is_named(project: Project) -> None:
    (project.base / MODEL).unlink()
    assert MODEL in named(verify(project))


def test_an_added_file_of_a_folder_is_named(project: Project) -> None:
    (project.base / "data/tiny/models/dual/fold9.safetensors").write_bytes(b"x")
    assert named(verify(project)) == {"data/tiny/models/dual/fold9.safetensors"}


def test_an_absent_artefact_is_named(project: Project) -> None:
    (project.base / "data/tiny/history/dual.csv").unlink()
    assert named(verify(project)) == {"data/tiny/history/dual.csv"}


def test_a_change_that_only_md5_would_miss_is_named(project: Project) -> None:
    # two contents of one MD5 would pass DVC; here DVC's own record is made to fit the changed file
    path = project.base / LABELS
    path.write_text(path.read_text().replace("hcm", "dcm"))
    lock = (project.base / "dvc.lock").read_text()
    before = next(record.body["md5"] for record in project.ledger.records() if record.body.get("path") == LABELS)
    now = hashlib.md5(path.read_bytes()).hexdigest()
    (project.base / "dvc.lock").write_text(lock.replace(before, now))
    found = verify(project)
    assert "restored" in {record.kind for record in project.ledger.records()}
    assert LABELS in named(found)


def test_without_the_manifest_the_folder_is_named(project: Project) -> None:
    project.details.path.unlink()
    (project.base / MODEL).write_bytes(b"x")
    finding = next(finding for finding in faults(verify(project)) if finding.check == "artefacts")
    assert finding.what == "data/tiny/models/dual"


def test_a_changed_lock_is_named(project: Project) -> None:
    path = project.base / "dvc.lock"
    md5 = next(record.body["md5"] for record in project.ledger.records() if record.body.get("path") == LABELS)
    path.write_text(path.read_text().replace(md5, "0" * 32))
    assert "dvc.lock, label" in named(verify(project))


def test_a_lock_that_is_no_yaml_is_named(project: Project) -> None:
    (project.base / "dvc.lock").write_text("stages: [}")
    assert "dvc.lock" in named(verify(project))


def test_results_of_an_older_input_are_named(project: Project) -> None:
    frame = pd.read_csv(project.base / LABELS, dtype=str, keep_default_na=False)
    frame.loc[0, "ef_percent"] = "55"
    frame.to_csv(project.base / LABELS, index=False)
    project.run("label")
    found = {finding.what: finding.difference for finding in faults(verify(project))}
    assert found[LABELS].startswith("other than when these ran: locate, split, train@dual")


def test_changed_code_is_named(project: Project) -> None:
    (project.base / "src" / "train.py").write_text("# other\n")
    assert named(verify(project)) == {"src/train.py"}


def test_changed_params_are_named(project: Project) -> None:
    set_params(project, "seed", 8)
    assert "params.yaml, seed" in named(verify(project))


def test_a_broken_table_is_named_with_row_and_value(project: Project) -> None:
    path = project.base / "data/tiny/regions.csv"
    path.write_text(path.read_text().replace(",0.9,", ",1.9,", 1))
    project.run("locate", "prepare@coarse")
    finding = next(finding for finding in faults(verify(project)) if finding.check == "tables")
    assert finding.what == "data/tiny/regions.csv"
    assert "row 2, column centre_confidence: 1.9" in finding.difference


def test_a_patient_on_two_sides_is_named(project: Project) -> None:
    path = project.base / "data/tiny/folds.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.loc[0, "part"] = "1"
    frame.to_csv(path, index=False)
    finding = next(finding for finding in faults(verify(project)) if finding.check == "folds")
    assert identifier("p", 0) in finding.difference


def test_linked_patients_on_two_sides_are_named(project: Project) -> None:
    links = project.base / "conf" / "links.csv"
    links.write_text(f"patient,same_person_as\n{identifier('p', 0)},{identifier('p', 1)}\n")
    set_params(project, "split.links", "conf/links.csv")
    assert "folds" in {finding.check for finding in faults(verify(project))}


def test_an_image_on_two_sides_is_named(project: Project) -> None:
    path = project.base / "data/tiny/cines.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[2, "digest"] = frame.loc[0, "digest"]
    frame.to_csv(path, index=False)
    finding = next(finding for finding in faults(verify(project)) if finding.check == "folds")
    assert "each digest in one part" in finding.difference


def test_a_test_answer_by_a_model_that_saw_the_cine_is_named(project: Project) -> None:
    path = project.base / "data/tiny/predictions/dual.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.loc[frame.index[frame["set"] == "validation"][0], "set"] = "test"
    frame.to_csv(path, index=False)
    assert ("folds", "data/tiny/predictions/dual.csv") in {(f.check, f.what) for f in faults(verify(project))}


def test_results_that_are_not_committed_are_one_note(project: Project) -> None:
    for name in ("a.csv", "b.csv"):
        (project.base / "reports" / name).write_text("a\n")
        project.git("add", "-f", f"reports/{name}")
    found = [finding.what for finding in verify(project).findings if finding.difference.startswith("results that")]
    assert found == ["reports/a.csv and 1 more"]


def test_a_rewritten_history_is_named(project: Project) -> None:
    commit = project.git("rev-parse", "HEAD~1")
    project.git("checkout", "-q", "--orphan", "new")
    project.git("commit", "-q", "-m", "All anew")
    project.git("branch", "-q", "-D", "main")
    project.git("reflog", "expire", "--expire=now", "--all")
    assert named(verify(project)) == {f"commit {commit[:12]}"}


def test_a_run_of_another_branch_is_a_note(project: Project) -> None:
    project.git("checkout", "-q", "-b", "side")
    project.git("commit", "-q", "--allow-empty", "-m", "Aside")
    project.run("split")
    verify(project)
    project.git("checkout", "-q", "main")
    verdict = verify(project)
    assert verdict.holds
    assert any(f.check == "git" and "not part of HEAD" in f.difference for f in verdict.findings)


def test_without_a_repository_the_rest_is_compared(project: Project) -> None:
    (project.base / ".git").rename(project.base.parent / "git")
    assert verify(project).holds


@pytest.mark.parametrize("key", ["images_until", "audit_until"])
def test_a_date_that_is_past_is_told(project: Project, key: str) -> None:
    set_params(project, f"oversight.{key}", "2026-01-31")
    now = datetime(2099, 2, 1, tzinfo=UTC)
    assert f"{key} 2026-01-31" in named(verify(project, now=now))


def test_the_day_itself_is_not_past(project: Project) -> None:
    today = datetime.now(UTC)
    set_params(project, "oversight.images_until", today.date().isoformat())
    assert "retention" not in {finding.check for finding in verify(project, now=today).findings}


def test_a_clock_that_is_behind_is_told(project: Project) -> None:
    earlier = datetime.now(UTC) - timedelta(days=2)
    assert "audit/ledger.jsonl, line 1" in named(verify(project, now=earlier))


def test_a_clock_that_was_set_back_is_a_note(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("cinemyo.audit.ledger._now", lambda: "2020-01-01T00:00:00.000Z")
        project.ledger.append([("access", {"event": "x", "outcome": "done"})])
    verdict = verify(project)
    assert verdict.holds
    assert any("a clock was set back" in finding.difference for finding in verdict.findings)


def test_a_ledger_that_was_never_merged_is_told(project: Project) -> None:
    other = project.ledger.path.with_name("ledger-other.jsonl")
    Ledger(other).append([("access", {"event": "x"})])
    assert named(verify(project)) == {"audit/ledger-other.jsonl"}


def test_a_changed_content_is_named_by_its_commitment(project: Project) -> None:
    with sqlite3.connect(project.details.path) as database:
        database.execute("UPDATE commitments SET content = replace(content, 'normal', 'dcm') WHERE number = 1")
        (name,) = database.execute("SELECT commitment FROM commitments WHERE number = 1").fetchone()
    assert named(verify(project)) == {f"audit/details.sqlite, commitment {name}"}


def test_a_forgotten_patient_is_a_note(project: Project) -> None:
    project.details.forget(identifier("p", 0))
    verdict = verify(project)
    assert verdict.holds
    assert any(finding.check == "details" for finding in verdict.findings)


def test_an_unreadable_content_store_is_named(project: Project) -> None:
    project.details.path.write_bytes(b"no database" * 500)
    assert "audit/details.sqlite" in named(verify(project))


def test_reconciling_again_changes_no_verdict(project: Project) -> None:
    reconcile(project.params, layout=project.layout)
    assert verify(project).holds


def test_restored_stages_are_a_note(project: Project) -> None:
    path = project.base / "data/tiny/regions.csv"
    path.write_text(path.read_text().replace(",0.9,", ",0.8,"))
    project.leave("locate")
    verdict = verify(project)
    assert ("artefacts", "locate", "note") in {(f.check, f.what, f.level) for f in verdict.findings}
