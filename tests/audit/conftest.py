from pathlib import Path

import pytest

from cinemyo.audit.reconcile import reconcile
from tests.audit import project as projects
from tests.audit.project import Project
from tests.tiny_study import tiny

__all__ = ["project", "ran", "tiny"]


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose stages ran and whose ledger holds them; read it, never write into it."""
    made = projects.build(tmp_path_factory.mktemp("ran") / "project")
    made.run()
    reconcile(made.params, layout=made.layout)
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "Results")
    return made


@pytest.fixture
def project(ran: Project, tmp_path: Path) -> Project:
    """A copy of it to be written into."""
    return projects.copy(ran, tmp_path / "project")
