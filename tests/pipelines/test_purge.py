"""The program that clears a DVC remote, on a store that is no folder, and what it says of one that does not answer."""

import hashlib
import io
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from dvc_objects.fs import MemoryFileSystem

from cinemyo.audit.withdraw.ids import Ids
from cinemyo.audit.withdraw.objects import Doomed
from pipelines import purge

MINE, OTHER = "c-abcdefghijklmnop", "c-ponmlkjihgfedcba"
ROOT = "/bucket/study"


class UnreachableError(Exception):
    """A fault of a provider's own library."""


@pytest.fixture
def store() -> MemoryFileSystem:
    return MemoryFileSystem(global_store=False)


def put(store: MemoryFileSystem, content: bytes, *, ending: str = "") -> str:
    """Puts an object where DVC does; its place below the root."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    place = f"files/md5/{md5[:2]}/{md5[2:]}{ending}"
    store.makedirs(store.join(ROOT, *place.split("/")[:-1]), exist_ok=True)
    with store.open(store.join(ROOT, *place.split("/")), "wb") as file:
        file.write(content)
    return place


def project(monkeypatch: pytest.MonkeyPatch, remote: Any) -> None:
    """A repository with one remote; a callable one is called when it is asked for."""

    class Repo:
        config = {"remote": {"far": {}}}  # noqa: RUF012
        cache = SimpleNamespace(local=SimpleNamespace(path="/c/files/md5"))
        cloud = SimpleNamespace(get_remote=lambda _name: remote() if callable(remote) else remote)

        def __enter__(self) -> "Repo":
            return self

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(purge, "Repo", Repo)


def far(store: MemoryFileSystem, **options: object) -> SimpleNamespace:
    return SimpleNamespace(**{"fs": store, "path": ROOT, "worktree": False} | options)


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str, why: Doomed | None = None
) -> dict[str, Any]:
    """The last line that the program writes, asked with these arguments."""
    monkeypatch.setattr(sys, "argv", ["purge", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps((why or Doomed(Ids.of([MINE]), frozenset())).values())))
    purge.main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_cache_and_remotes_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    project(monkeypatch, None)
    assert said(monkeypatch, capsys, "list") == {"cache": "/c/files/md5", "remotes": ["far"]}


def test_what_names_the_patient_is_found_and_then_gone(
    store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, other = put(store, b"row " + MINE.encode()), put(store, b"row " + OTHER.encode())
    image = put(store, b"pixels without a name")
    listed = json.dumps([{"md5": image[10:12] + image[13:], "relpath": f"{MINE}.png"}]).encode()
    folder = put(store, listed, ending=".dir")
    project(monkeypatch, far(store))
    found = said(monkeypatch, capsys, "find", "far")
    # the list last: it tells which files go, should a removal be cut off
    assert [place for place, _ in found["objects"]] == [*sorted([mine, image]), folder]
    assert len(list(store.find(ROOT))) == 4
    assert said(monkeypatch, capsys, "remove", "far") == found
    assert list(store.find(ROOT)) == [f"{ROOT}/{other}"]


def test_a_provider_that_does_not_answer_is_told_by_its_own_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unreachable() -> None:
        raise UnreachableError("no endpoint\nat all")

    project(monkeypatch, unreachable)
    assert said(monkeypatch, capsys, "find", "far") == {"fault": "UnreachableError: no endpoint"}


def test_a_remote_to_which_nothing_was_pushed_is_told(
    store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(monkeypatch, far(store))
    assert "nothing was ever pushed" in said(monkeypatch, capsys, "find", "far")["fault"]


def test_versions_of_the_provider_are_left_to_its_own_means(
    store: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project(monkeypatch, far(store, worktree=True))
    assert "keeps versions of its own" in said(monkeypatch, capsys, "find", "far")["fault"]
