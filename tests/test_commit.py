"""The commit of a work tree."""

import subprocess
from pathlib import Path

import pytest

from cinemyo.commit import git_commit


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("a", encoding="utf-8")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    return tmp_path


def test_a_clean_tree_gives_its_commit(tree: Path) -> None:
    assert len(git_commit(tree)) == 40


def test_changed_code_is_marked(tree: Path) -> None:
    (tree / "src" / "a.py").write_text("b", encoding="utf-8")
    assert git_commit(tree).endswith("+")


def test_changed_reports_are_not_marked(tree: Path) -> None:
    (tree / "reports").mkdir()
    (tree / "reports" / "a.csv").write_text("b", encoding="utf-8")
    assert not git_commit(tree).endswith("+")


def test_outside_git_there_is_none(tmp_path: Path) -> None:
    assert git_commit(tmp_path) == "none"


def test_without_git_there_is_none(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert git_commit(tree) == "none"
