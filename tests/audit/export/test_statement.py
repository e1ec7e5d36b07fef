import hashlib
from dataclasses import asdict

import pandas as pd

from cinemyo import provenance
from cinemyo.audit.export.sections import sections
from cinemyo.audit.export.statement import PSEUDONYM, Statement
from cinemyo.audit.reconcile import reconcile
from tests.audit.export.conftest import told_of
from tests.audit.project import STAGES, Project
from tests.tiny_study import N


def test_every_output_of_every_stage_is_told_with_its_sha256(told: Statement, ran: Project) -> None:
    for stage, (_, outputs) in STAGES.items():
        for path in outputs:
            assert (told.items[path].stage, told.items[path].sha256) == (stage, provenance.sha256(ran.base / path))


def test_no_pseudonym_is_in_it(told: Statement) -> None:
    assert PSEUDONYM.findall(str(asdict(told))) == []


def test_files_of_a_folder_are_told_with_it(told: Statement, ran: Project) -> None:
    model = told.items["data/tiny/models/dual/fold0.safetensors"]
    assert (model.within, model.stage) == ("data/tiny/models/dual", "train@dual")
    assert model.sha256 == hashlib.sha256((ran.base / model.path).read_bytes()).hexdigest()


def test_a_folder_whose_names_are_pseudonyms_is_one_thing(told: Statement, ran: Project) -> None:
    assert told.items["data/tiny/masks"].files == len(list((ran.base / "data/tiny/masks").iterdir()))
    assert not [path for path in told.items if path.startswith("data/tiny/masks/")]


def test_a_run_tells_who_when_and_under_which_code(told: Statement, ran: Project) -> None:
    run = told.runs["train@dual"]
    assert run.commit == ran.git("rev-parse", "HEAD~1")
    assert told.agents[run.agent or ""] == "agent 1"
    assert run.started is not None
    assert run.ended is not None
    assert run.started < run.ended
    assert run.environment is not None


def test_patients_are_counted_by_consent(told: Statement) -> None:
    assert told.people == {("synthetic", ""): N // 2}


def test_settings_stand_beside_what_was_made(told: Statement) -> None:
    assert told.items["params.yaml"].stage is None


def test_the_head_is_that_of_the_ledger(told: Statement, ran: Project) -> None:
    assert (told.head, told.records) == (ran.ledger.head(), len(ran.ledger.records()))


def test_an_earlier_content_is_told_as_superseded(project: Project) -> None:
    path = project.base / "reports/metrics.json"
    before = provenance.sha256(path)
    path.write_text(path.read_text() + "\n")
    project.run("evaluate")
    reconcile(project.params, layout=project.layout)
    told = told_of(project)
    assert told.items["reports/metrics.json"].sha256 == provenance.sha256(path)
    assert [record.body["sha256"] for record in told.superseded["reports/metrics.json"]] == [before]


def test_a_restored_output_says_so(project: Project) -> None:
    path = project.base / "data/tiny/folds.csv"
    frame = pd.read_csv(path, dtype=str)
    frame.iloc[::-1].to_csv(path, index=False)
    project.leave("split")
    reconcile(project.params, layout=project.layout)
    assert told_of(project).items["data/tiny/folds.csv"].restored


def test_files_of_a_folder_are_told_as_they_were_recorded(told: Statement, project: Project) -> None:
    path = project.base / "data/tiny/models/dual/fold0.safetensors"
    path.write_bytes(b"changed")
    name = path.relative_to(project.base).as_posix()
    assert told_of(project).items[name].sha256 == told.items[name].sha256


def test_what_still_holds_a_patient_who_withdrew_is_marked(project: Project) -> None:
    path = "data/tiny/models/dual/fold0.safetensors"
    contains = [{"path": path, "sha256": provenance.sha256(project.base / path)}]
    decision = {"reason": "consent_withdrawn", "policy": "retain"}
    body = {"certificate": "w-1", "state": "complete", "study": "tiny", "decision": decision, "contains": contains}
    project.ledger.append([("withdrawal", body)])
    told = told_of(project)
    assert {item.path for item in told.items.values() if item.withdrawn == "w-1"} == {path}
    rows = {row for section in sections(told) for row in section.rows if section.title == "Withdrawals and disposals"}
    (row,) = rows
    assert row[0] == "withdrawal"
    assert row[2] == "certificate: w-1; state: complete; policy: retain; reason: consent_withdrawn"
