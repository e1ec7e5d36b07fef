from datetime import UTC, datetime
from pathlib import Path

import pytest

from cinemyo.audit.export.statement import Statement, statement
from cinemyo.audit.graph import read_graph
from tests.audit.project import Project

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def told_of(project: Project) -> Statement:
    """What an export says of a project."""
    return statement(
        project.params,
        layout=project.layout,
        graph=read_graph(project.base, provenance=project.layout.data / "provenance"),
        records=project.ledger.records(),
        details=project.details,
        now=NOW,
    )


@pytest.fixture(scope="session")
def told(ran: Project) -> Statement:
    return told_of(ran)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"
