"""Versions of outputs that any lock ever named, found in the tree, in git's history and in the cache of runs."""

import subprocess
from pathlib import Path

import pytest

from cinemyo.audit.withdraw.locks import recorded

NOW, THEN, ELSEWHERE, RAN = (digit * 32 for digit in "abcd")
PATH = "data/tiny/cines.csv"


def lock(*versions: tuple[str, str]) -> str:
    items = "".join(f"    - path: {path}\n      hash: md5\n      md5: {md5}\n" for path, md5 in versions)
    return f"schema: '2.0'\nstages:\n  ingest:\n    cmd: x\n    outs:\n{items}"


def git(base: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false", *arguments]
    subprocess.run(command, cwd=base, check=True, capture_output=True)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with an older lock, one of another branch, one that is not committed, and a cache of runs."""
    folder = tmp_path_factory.mktemp("locks")
    git(folder, "init", "-q", "-b", "main")
    for branch, md5 in (("main", THEN), ("other", ELSEWHERE)):
        git(folder, "checkout", "-q", "-B", branch)
        (folder / "dvc.lock").write_text(lock((PATH, md5), ("data/tiny/masks", f"{md5}.dir")))
        git(folder, "add", "dvc.lock")
        git(folder, "commit", "-q", "-m", branch)
    git(folder, "checkout", "-q", "main")
    (folder / "dvc.lock").write_text(lock((PATH, NOW)))
    run = folder / ".dvc" / "cache" / "runs" / "aa" / "bb" / "cc"
    run.parent.mkdir(parents=True)
    run.write_text(f"outs:\n- path: {PATH}\n  md5: {RAN}\n")
    return folder


def test_every_version_is_found_wherever_it_is_named(base: Path) -> None:
    assert recorded(base, cache=base / ".dvc" / "cache")[PATH] == {NOW, THEN, ELSEWHERE, RAN}


def test_a_folder_keeps_the_ending_of_its_list(base: Path) -> None:
    assert recorded(base, cache=base / "none")["data/tiny/masks"] == {f"{THEN}.dir", f"{ELSEWHERE}.dir"}


def test_without_lock_repository_and_cache_nothing_is_named(tmp_path: Path) -> None:
    assert recorded(tmp_path, cache=tmp_path / "none") == {}
