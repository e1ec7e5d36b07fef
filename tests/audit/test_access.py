from pathlib import Path

import pytest

from cinemyo import events
from cinemyo.audit.access import accesses, as_text
from cinemyo.audit.reconcile import reconcile
from cinemyo.events import recorded
from tests.audit.project import STAGES, Project


def test_each_run_is_listed_once(ran: Project) -> None:
    found = accesses(ran.ledger.history(), base=ran.base)
    assert [run.name for run in found] == list(STAGES)
    assert {(run.kind, run.outcome) for run in found} == {("stage", "done")}


def test_a_command_tells_its_agent(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(events.AGENT_VARIABLE, "data protection officer")
    with recorded("command", "audit flow", base=project.base):
        pass
    reconcile(project.params, layout=project.layout)
    last = accesses(project.ledger.history(), base=project.base)[-1]
    assert (last.kind, last.name, last.agent) == ("command", "audit flow", "data protection officer")
    assert last.started < last.ended


def test_what_still_runs_is_last(project: Project) -> None:
    with recorded("stage", "split", base=project.base):
        last = accesses(project.ledger.history(), base=project.base)[-1]
    assert (last.name, last.outcome, last.ended) == ("split", "running", "")


def test_a_run_from_changed_code_is_marked(project: Project) -> None:
    (project.base / "src" / "split.py").write_text("# other\n")
    project.run("split")
    reconcile(project.params, layout=project.layout)
    assert accesses(project.ledger.history(), base=project.base)[-1].commit.endswith("+")


def test_the_text_counts_runs_and_agents(ran: Project) -> None:
    lines = as_text(accesses(ran.ledger.history(), base=ran.base)).splitlines()
    assert lines[-1] == f"{len(STAGES)} runs by 1 agents"
    assert len(lines) == len(STAGES) + 1


def test_without_a_run_there_is_none(tmp_path: Path) -> None:
    assert accesses([], base=tmp_path) == []
