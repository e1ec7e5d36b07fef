import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from cinemyo import events, provenance, sheets
from cinemyo.audit import reconcile as module
from cinemyo.audit.ledger import Ledger, Record
from cinemyo.audit.reconcile import reconcile
from cinemyo.errors import AuditError
from cinemyo.events import recorded
from cinemyo.record.lineage import dvc_md5
from tests.audit.project import STAGES, Project, write_sheet
from tests.tiny_study import N, identifier

LABELS = "data/tiny/labels.csv"


def again(project: Project) -> list[Record]:
    return reconcile(project.params, layout=project.layout)


def relabel(project: Project) -> None:
    path = project.base / LABELS
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[0, "pathology"] = "dcm"
    frame["label_version"] = "2"
    frame.to_csv(path, index=False)


def test_each_run_and_each_output_has_one_record(ran: Project) -> None:
    found = Counter(record.kind for record in ran.ledger.records())
    outputs = sum(len(outputs) + 1 for _, outputs in STAGES.values())
    assert found == {"activity": len(STAGES), "artefact": outputs, "labels": 1, "patients": 1}


def test_an_artefact_tells_from_what_by_whom_and_when(ran: Project) -> None:
    body = next(record.body for record in ran.ledger.records() if record.body.get("path") == "data/tiny/models/dual")
    assert body["sha256"] == provenance.sha256(ran.base / "data/tiny/models/dual")
    assert body["md5"] == dvc_md5(ran.base / "data/tiny/models/dual")
    assert body["files"] == 3
    labels = {"path": LABELS, "sha256": provenance.sha256(ran.base / LABELS), "md5": dvc_md5(ran.base / LABELS)}
    assert labels in body["derived_from"]
    assert (body["stage"], body["seed"], body["label_version"]) == ("train@dual", 7, "1")
    assert (body["protocol"], body["consent_basis"], body["dirty"]) == ("20-072", "synthetic", False)
    assert body["commit"] == ran.git("rev-parse", "HEAD~1")
    assert body["started"] < body["ended"]


def test_the_ledger_names_no_patient_and_no_cine(ran: Project) -> None:
    text = ran.ledger.path.read_text()
    assert not [
        name for index in range(N) for name in (identifier("c", index), identifier("p", index // 2)) if name in text
    ]


def test_each_patient_has_a_commitment(ran: Project) -> None:
    body = next(record.body for record in ran.ledger.records() if record.kind == "patients")
    assert len(body["commitments"]) == body["patients"] == N // 2
    revealed = [ran.details.reveal(commitment) for commitment in body["commitments"]]
    assert {content["patient_id"] for content in revealed if content} == {identifier("p", i) for i in range(N // 2)}


def test_a_content_holds_files_parts_and_labels(ran: Project) -> None:
    (content,) = ran.details.of(identifier("p", 0))
    cine = content["cines"][identifier("c", 0)]
    assert len(cine["files"]) == 2
    assert cine["parts"] == {"honest": "0"}
    assert cine["labels"] == {"pathology": "normal", "view": "vla_left", "label_version": "1"}
    assert content["consent"] == {"basis": "synthetic", "opposition_checked": None}


def test_a_second_call_appends_nothing(project: Project) -> None:
    assert again(project) == []


def test_events_are_taken_in_and_removed(ran: Project) -> None:
    assert list((ran.base / events.FOLDER).iterdir()) == []


def test_a_command_is_an_access(project: Project) -> None:
    with recorded("command", "audit flow", base=project.base):
        assert again(project) == []
    (record,) = again(project)
    assert (record.kind, record.body["name"], record.body["outcome"]) == ("access", "audit flow", "done")


def test_a_killed_run_is_told(project: Project) -> None:
    code = (
        "import os, signal\nfrom cinemyo.events import recorded\n"
        "with recorded('stage', 'split'):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    run(code, base=project.base).communicate()
    (record,) = again(project)
    assert (record.kind, record.body["outcome"], record.body["ended"]) == ("activity", "killed", None)


def test_a_changed_output_of_a_run_is_a_new_artefact(project: Project) -> None:
    relabel(project)
    project.run("label")
    found = {record.body.get("path"): record.kind for record in again(project)}
    assert found[LABELS] == "artefact"


def test_an_output_that_no_run_explains_is_restored(project: Project) -> None:
    relabel(project)
    project.leave("label")
    made = again(project)
    found = {record.body.get("path"): record for record in made}
    assert found[LABELS].kind == "restored"
    assert found[LABELS].body["activity"] is None
    assert again(project) == []


def test_a_run_that_failed_explains_nothing(project: Project) -> None:
    relabel(project)
    with pytest.raises(ValueError, match="no room"), recorded("stage", "label", base=project.base):
        raise ValueError("no room")
    project.leave("label")
    assert {record.body["path"]: record.kind for record in again(project) if "path" in record.body}[
        LABELS
    ] == "restored"


def test_a_run_with_equal_bytes_is_recorded(project: Project) -> None:
    project.run("split")
    assert [(record.kind, record.body.get("path")) for record in again(project)] == [
        ("activity", None),
        ("artefact", "data/tiny/folds.csv"),
        ("artefact", "data/tiny/provenance/split.json"),
    ]


def test_what_was_changed_after_the_run_is_not_taken_in(project: Project) -> None:
    relabel(project)
    project.run("label")
    with (project.base / LABELS).open("a") as file:
        file.write("\n")
    assert LABELS not in {record.body.get("path") for record in again(project)}


def test_while_dvc_works_only_runs_are_taken_in(project: Project) -> None:
    relabel(project)
    project.run("label")
    lock = project.base / ".dvc" / "tmp" / "rwlock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"x": {"write": {"pid": os.getpid(), "cmd": "dvc repro"}}}))
    assert [record.kind for record in again(project)] == ["activity"]
    lock.unlink()
    assert {record.kind for record in again(project)} == {"artefact", "labels", "patients"}


def test_a_new_label_version_tells_its_difference_by_role(project: Project) -> None:
    relabel(project)
    project.run("label")
    record = next(record for record in again(project) if record.kind == "labels")
    assert {name: record.body[name] for name in ("version", "previous", "added", "removed", "changed", "roles")} == {
        "version": "2",
        "previous": "1",
        "added": 0,
        "removed": 0,
        "changed": 1,
        "roles": ["principal investigator"],
    }
    content = project.details.reveal(record.body["commitments"][0])
    assert content is not None
    assert content["cines"] == {identifier("c", 0): {"before": {"pathology": "normal"}, "after": {"pathology": "dcm"}}}


def test_only_patients_whose_content_changed_are_committed_to_again(project: Project) -> None:
    frame = pd.read_csv(project.base / LABELS, dtype=str, keep_default_na=False)
    frame.loc[0, "pathology"] = "dcm"
    frame.to_csv(project.base / LABELS, index=False)
    project.run("label")
    record = next(record for record in again(project) if record.kind == "patients")
    assert len(record.body["commitments"]) == 1


def test_corrections_are_a_label_version_by_their_roles(project: Project) -> None:
    row = {"cine_id": identifier("c", 0), "before": "normal", "pathology": "hcm", "role": "panel", "reason": "reread"}
    write_sheet(project.base / "conf/sheets/no_corrections.csv", sheets.CORRECTIONS.header, row)
    record = next(record for record in again(project) if record.kind == "labels")
    assert (record.body["sheet"], record.body["roles"], record.body["changed"]) == ("corrections", ["panel"], 1)
    assert again(project) == []


def test_a_consent_of_one_patient_is_committed_to(project: Project) -> None:
    row = {"patient": "nobody", "consent_basis": "opt_out", "opposition_checked": "2026-01-05"}
    write_sheet(project.base / "conf/oversight/no_consents.csv", sheets.CONSENTS.header, row)
    record = next(record for record in again(project) if record.kind == "patients")
    assert record.body["commitments"] == []


def test_a_forgotten_patient_leaves_a_chain_that_holds(project: Project) -> None:
    patient = identifier("p", 0)
    gone = project.details.forget(patient)
    assert project.ledger.examine()[1] == []
    assert [project.details.reveal(name) for name in gone] == [None] * len(gone)
    assert again(project) == []


def test_manifests_are_of_the_folders_as_they_are(project: Project) -> None:
    current = {
        record.body["sha256"]
        for record in project.ledger.records()
        if record.body.get("path") == "data/tiny/models/dual"
    }
    assert current <= project.details.manifests()
    (project.base / "data/tiny/models/dual/fold0.safetensors").write_bytes(b"other")
    project.run("train@dual")
    again(project)
    assert not current & project.details.manifests()


def test_without_the_ledger_nothing_goes_on(project: Project) -> None:
    project.ledger.path.unlink()
    with pytest.raises(AuditError, match="no ledger, where one of"):
        again(project)


def test_a_project_that_never_ran_leaves_an_empty_ledger(project: Project) -> None:
    (project.base / "dvc.lock").unlink()
    for path in (project.ledger.path, project.ledger.seal, project.details.path):
        path.unlink()
    assert again(project) == []


@pytest.mark.parametrize("place", ["ledger.append", "events.remove"])
def test_a_call_killed_in_between_is_made_good_by_the_next(
    project: Project, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    relabel(project)
    project.run("label")

    def stop(*_: object, **__: object) -> list[Record]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if place == "ledger.append":
            patched.setattr(Ledger, "append", stop)
        else:
            patched.setattr(events, "remove", stop)
        with pytest.raises(KeyboardInterrupt):
            again(project)
    again(project)
    held = {name for record in project.ledger.records() for name in record.body.get("commitments", ())}
    assert held == set(project.details.commitments())
    assert len([record for record in project.ledger.records() if record.body.get("version") == "2"]) == 1
    assert len([record for record in project.ledger.records() if record.body.get("name") == "label"]) == 2
    assert again(project) == []


def run(code: str, *, base: Path) -> subprocess.Popen[bytes]:
    source = str(Path(module.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": source}
    return subprocess.Popen([sys.executable, "-c", code], cwd=base, env=environment, stdout=subprocess.PIPE)


def test_two_processes_take_each_thing_in_once(project: Project) -> None:
    code = (
        "from cinemyo import config\nfrom cinemyo.audit.reconcile import reconcile\nfrom cinemyo.layout import Layout\n"
        "for _ in range(5):\n    reconcile(config.load(), layout=Layout('tiny'))\n"
    )
    relabel(project)
    project.run("label")
    before = len(project.ledger.records())
    processes = [run(code, base=project.base) for _ in range(2)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0]
    found = Counter(record.kind for record in project.ledger.records()[before:])
    assert found == {"activity": 1, "artefact": 2, "labels": 1, "patients": 1}


def test_a_killed_process_leaves_what_the_next_completes(project: Project) -> None:
    code = (
        "from cinemyo import config, events\nfrom cinemyo.audit.reconcile import reconcile\n"
        "from cinemyo.layout import Layout\nprint('ready', flush=True)\nfor _ in range(10000):\n"
        "    with events.recorded('command', 'audit flow'):\n        reconcile(config.load(), layout=Layout('tiny'))\n"
    )
    for wait in (0.3, 0.35, 0.5):
        process = run(code, base=project.base)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.stdout.close()
        process.wait()
        again(project)
        records = project.ledger.records()
        names = [record.body["event"] for record in records if record.kind == "access"]
        assert len(names) == len(set(names))
        assert project.ledger.examine()[1] == []
