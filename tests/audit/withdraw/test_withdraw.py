import json
import os
import re
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from cinemyo import schema
from cinemyo.audit.certificate import FOLDER, Certificate
from cinemyo.audit.verify import verify
from cinemyo.audit.withdraw import carried_out, state
from cinemyo.audit.withdraw.asked import Asked, Reason, asked
from cinemyo.audit.withdraw.carried_out import Copies, foreseen, withdraw
from cinemyo.audit.withdraw.ids import ids_of
from cinemyo.audit.withdraw.marks import marked, notes, sentence
from cinemyo.audit.withdraw.program import stores_of
from cinemyo.audit.withdraw.workspace import Policy
from cinemyo.deid.keys import KEY_VARIABLE, load_key, new_key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.deid.refusals import refusal
from cinemyo.errors import AuditError, ConfigError, IdentityKeyError
from cinemyo.sheets import CONSENTS, WITHDRAWN
from tests.audit import project as projects
from tests.audit.project import Project
from tests.tiny_study import identifier

PATIENT, CINES = identifier("p", 0), [identifier("c", 0), identifier("c", 1)]
SHEET = "conf/oversight/withdrawn_demo.csv"
ROLE = "data protection officer"


def request(
    project: Project, patient: str = PATIENT, *, reason: Reason = "objection", policy: Policy = "retrain"
) -> Asked:
    return asked(
        patient,
        reason=reason,
        role=ROLE,
        policy=policy,
        params=project.params,
        layout=project.layout,
        records=project.ledger.records(),
    )


def copies(project: Project) -> Copies:
    return partial(stores_of, project.base)


def done(project: Project, *, policy: Policy = "retrain") -> Certificate:
    return withdraw(
        request(project, policy=policy), params=project.params, layout=project.layout, copies=copies(project)
    )


def codes(project: Project) -> set[bytes]:
    own = ids_of(frozenset({PATIENT}), layout=project.layout, details=project.details)
    return set(own.codes)


def carrying(project: Project, words: set[bytes]) -> list[str]:
    """Files of the project whose bytes or name hold a word; git's own apart."""
    found = []
    for path in sorted(project.base.rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            content = path.read_bytes() + path.as_posix().encode()
            if path.suffix == ".parquet":
                content += pd.read_parquet(path).to_csv().encode()
            found += [path.relative_to(project.base).as_posix()] * any(word in content for word in words)
    return found


@pytest.fixture(scope="module")
def gone(ran: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Certificate, set[bytes]]:
    """A project from which the first patient withdrew, and the codes by which the patient was known."""
    made = projects.copy(ran, tmp_path_factory.mktemp("gone") / "project")
    words = codes(made)
    return made, done(made), words


Gone = tuple[Project, Certificate, set[bytes]]


def test_nothing_of_the_patient_is_left_but_the_tombstone(gone: Gone) -> None:
    project, certificate, words = gone
    assert {PATIENT.encode(), *(cine.encode() for cine in CINES)} <= words
    assert carrying(project, words) == []
    assert certificate.state == "complete"


def test_the_tombstone_is_the_refusal_of_the_patient(gone: Gone) -> None:
    project, certificate, _ = gone
    row = schema.read(project.base / SHEET, table=WITHDRAWN).iloc[0]
    assert row["refusal"] == refusal(PATIENT, key=load_key("published"))
    assert (row["reason"], row["role"]) == ("objection", ROLE)
    assert certificate.retained == [row["refusal"]]


def test_tables_keep_the_rows_of_all_others(gone: Gone, ran: Project) -> None:
    before = (ran.layout.cines).read_text().splitlines()
    after = (gone[0].layout.cines).read_text().splitlines()
    assert after == [line for line in before if PATIENT not in line]
    assert len(after) == len(before) - 2


def test_the_chain_holds_and_names_no_patient(gone: Gone) -> None:
    project, certificate, words = gone
    last = project.ledger.records()[-1]
    assert (last.kind, last.body["certificate"]) == ("withdrawal", certificate.certificate)
    assert last.body["sha256"] == certificate.sha256
    assert not any(word in project.ledger.path.read_bytes() for word in [*words, certificate.retained[0].encode()])


def test_contents_of_commitments_are_forgotten_and_named_as_such(gone: Gone) -> None:
    project, _, _ = gone
    forgotten = project.ledger.records()[-1].body["forgotten"]
    assert forgotten
    assert all(project.details.reveal(name) is None for name in forgotten)
    assert project.details.of(PATIENT) == []


def test_models_and_reports_are_marked_until_they_are_made_again(gone: Gone, tmp_path: Path) -> None:
    project = projects.copy(gone[0], tmp_path / "project")
    before = marked(project.ledger.records(), base=project.base)
    model = next(path for path in before if path.endswith(".safetensors"))
    assert sentence(before[model]) == "contains withdrawn patients: 1"
    assert "reports/metrics.json" in before
    (project.base / model).write_bytes(b"made again")
    assert model not in marked(project.ledger.records(), base=project.base)


def test_the_model_that_was_tested_on_the_patient_does_not_contain_the_patient(gone: Gone) -> None:
    project, certificate, _ = gone
    told = [item["path"] for item in certificate.contains if "models/dual/" in item["path"]]
    assert 0 < len(told) < len(list(project.layout.models("dual").glob("fold*.safetensors")))


def test_the_certificate_names_nobody(gone: Gone) -> None:
    project, certificate, words = gone
    files = [project.base / FOLDER / f"{certificate.certificate}.{ending}" for ending in ("json", "html")]
    content = b"".join(path.read_bytes() for path in files)
    assert not any(word in content for word in words)
    assert not re.search(rb"(?<![a-z0-9])[a-z]-[a-z2-7]{16}", content)
    assert certificate.retained[0].encode() in content


def test_the_certificate_is_what_the_ledger_holds(gone: Gone) -> None:
    project, certificate, _ = gone
    written = json.loads((project.base / FOLDER / f"{certificate.certificate}.json").read_text())
    assert written == json.loads(certificate.content())
    assert written["removed"]["counts"]["study data"]["rows"] > 0
    assert any("history of git" in item["what"] for item in written["unreachable"])


def test_a_second_withdrawal_is_refused(gone: Gone, tmp_path: Path) -> None:
    project = projects.copy(gone[0], tmp_path / "project")
    with pytest.raises(AuditError, match="expected one who has not withdrawn, got one who has"):
        request(project)


def test_a_dry_run_tells_what_would_go_and_writes_nothing(ran: Project) -> None:
    def content() -> dict[str, bytes]:
        files = [path for path in ran.base.rglob("*") if path.is_file() and ".git" not in path.parts]
        return {path.as_posix(): path.read_bytes() for path in files if not path.name.endswith(".lock")}

    before = content()
    found, silent = foreseen(request(ran), params=ran.params, layout=ran.layout, copies=copies(ran))
    assert {item.place for item in found} >= {"study data", "reports"}
    assert (silent, content()) == ([], before)


@pytest.mark.parametrize(("policy", "models"), [("retain", 4), ("retrain", 4), ("retire", 0)])
def test_the_policy_decides_what_becomes_of_models(project: Project, policy: Policy, models: int) -> None:
    certificate = done(project, policy=policy)
    assert sum("models/" in item["path"] for item in certificate.contains) == models
    assert certificate.decision["policy"] == policy


class Killed(BaseException):
    pass


STEPS = ["_in_runs", "_in_workspace", "_in_cache", "_in_remotes", "_in_details", "certified"]


@pytest.fixture
def killed(project: Project, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Project:
    """A withdrawal that ended before one of its steps."""

    def die(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(carried_out, request.param, die)
        with pytest.raises(Killed):
            done(project)
    return project


@pytest.mark.parametrize("killed", STEPS, indirect=True)
def test_ended_anywhere_it_goes_on(killed: Project) -> None:
    (unfinished,) = state.unfinished(killed.base)
    words = {word.encode() for word in unfinished.ids}
    certificate = done(killed)
    assert certificate.certificate == unfinished.certificate
    assert certificate.state == "complete"
    assert carrying(killed, words) == []
    assert state.unfinished(killed.base) == []
    assert certificate.values()["removed"]["counts"]["study data"]["rows"] > 0


@pytest.mark.parametrize("killed", ["_in_details"], indirect=True)
def test_what_is_kept_meanwhile_is_the_owners_alone(killed: Project) -> None:
    (path,) = (killed.base / state.FOLDER).glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_unknown_patient_is_refused(ran: Project) -> None:
    with pytest.raises(AuditError, match="a pseudonym that none bears"):
        request(ran, identifier("p", 30))


def test_an_unknown_identifier_is_refused_and_not_repeated(ran: Project) -> None:
    with pytest.raises(AuditError, match="an identifier that stands for nobody") as fault:
        request(ran, "MRN-4711")
    assert "4711" not in str(fault.value)


def test_another_key_is_refused(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key(tmp_path / "key")
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    text = (project.base / "params.yaml").read_text().replace("key: published", "key: file")
    (project.base / "params.yaml").write_text(text)
    with pytest.raises(IdentityKeyError, match="under which the study was ingested"):
        request(project)


def test_a_dirty_tree_is_refused(project: Project) -> None:
    (project.base / "src" / "ingest.py").write_text("# changed\n")
    with pytest.raises(AuditError, match=r"src/ingest\.py not committed"):
        done(project)
    assert (project.base / SHEET).read_text().count("\n") == 1


def test_a_role_that_names_a_patient_is_refused(ran: Project) -> None:
    with pytest.raises(ConfigError, match="got a pseudonym"):
        asked(
            PATIENT,
            reason="objection",
            role=f"friend of {PATIENT}",
            policy="retain",
            params=ran.params,
            layout=ran.layout,
            records=[],
        )


def test_two_at_once_are_refused(project: Project) -> None:
    with state.alone(project.base), pytest.raises(AuditError, match="no other withdrawal at work"):
        done(project)


def test_a_withdrawal_during_a_run_of_dvc_is_refused(project: Project) -> None:
    path = project.base / ".dvc" / "tmp" / "rwlock"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"write": {"data": {"pid": os.getpid(), "cmd": "dvc repro"}}}))
    with pytest.raises(AuditError, match="no `dvc repro` at work"):
        request(project)


def test_rows_of_consents_go_by_the_hospitals_identifier(project: Project) -> None:
    sheet = project.base / "conf/oversight/no_consents.csv"
    person = {"patient": "MRN-9", "consent_basis": "consent", "opposition_checked": ""}
    projects.write_sheet(sheet, CONSENTS.header, person, person | {"patient": "MRN-8"})
    project.git("commit", "-qam", "Consents")
    mine = pseudonym("patient", "MRN-9", key=load_key("published"))
    for path in (project.layout.cines, project.layout.folds):
        path.write_text(path.read_text().replace(PATIENT, mine))
    withdraw(request(project, "MRN-9"), params=project.params, layout=project.layout, copies=copies(project))
    assert sheet.read_text().splitlines()[1:] == ["MRN-8,consent,"]


def test_verify_tells_marks_and_asks_for_no_forgotten_content(gone: Gone, tmp_path: Path) -> None:
    project = projects.copy(gone[0], tmp_path / "project")
    verdict = verify(project.params, layout=project.layout)
    told = {finding.what: finding for finding in verdict.findings if finding.check == "withdrawals"}
    assert told["reports/metrics.json"].difference == "contains withdrawn patients: 1"
    assert all(finding.level == "note" for finding in told.values())
    assert not [finding for finding in verdict.findings if finding.check in ("details", "ledger")]


@pytest.mark.parametrize("killed", ["_in_details"], indirect=True)
def test_a_withdrawal_whose_remote_is_away_is_a_fault(killed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(work: carried_out.Work) -> None:
        work.state.pending["remote store"] = "not reachable"

    with monkeypatch.context() as patch:
        patch.setattr(carried_out, "_in_remotes", away)
        assert done(killed).state == "incomplete"
    faults = [
        finding.difference for finding in notes(killed.ledger.records(), base=killed.base) if finding.level == "fault"
    ]
    assert faults == ["incomplete: remote store"]
    assert done(killed).state == "complete"
    assert all(finding.level == "note" for finding in notes(killed.ledger.records(), base=killed.base))
