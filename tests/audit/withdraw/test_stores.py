"""The cache and the remotes of DVC: what goes from them by policy, and what is said where one does not answer."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cinemyo.audit.withdraw.ids import Ids
from cinemyo.audit.withdraw.objects import Doomed
from cinemyo.audit.withdraw.program import Stores, stores_meanwhile, stores_of
from cinemyo.audit.withdraw.state import FOLDER, State
from cinemyo.audit.withdraw.stores import cache_steps, cached_tables, clear_remotes, whole
from cinemyo.audit.withdraw.workspace import Policy
from cinemyo.errors import AuditError
from cinemyo.layout import Layout

MINE, OTHER = "c-abcdefghijklmnop", "c-ponmlkjihgfedcba"
WHY = Doomed(Ids.of([MINE]), frozenset())
LOCKED = {
    "data/tiny/cines.csv": "1" * 32,
    "data/tiny/masks": "2" * 32 + ".dir",
    "data/tiny/models/dual": "3" * 32 + ".dir",
    "reports/figures": "4" * 32 + ".dir",
    "data/other/cines.csv": "5" * 32,
}


def answering(monkeypatch: pytest.MonkeyPatch, *told: str) -> list[list[str]]:
    """Lets DVC's program say these things, one a call; its arguments are taken down."""
    calls: list[list[str]] = []
    said = iter(told)

    def run(command: list[str], **named: object) -> subprocess.CompletedProcess[str]:
        calls.append(command[3:])
        return subprocess.CompletedProcess(command, 0, stdout=next(said), stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    return calls


def started(base: Path) -> State:
    made = State("20260701-0a1b2c3d", "tiny", [], [], WHY.ids.words(), "objection", "x", "retrain", "now", [])
    made.save(base)
    return made


def put(cache: Path, content: bytes) -> str:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = cache / "files" / "md5" / md5[:2] / md5[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return md5


def lock(base: Path, versions: Mapping[str, str]) -> None:
    items = "".join(f"- path: {path}\n  hash: md5\n  md5: {md5}\n" for path, md5 in versions.items())
    (base / "dvc.lock").write_text(f"outs:\n{items}")


def test_a_project_without_dvc_has_no_stores(tmp_path: Path) -> None:
    assert stores_of(tmp_path) is None


def test_stores_are_those_that_dvc_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".dvc").mkdir()
    calls = answering(monkeypatch, "a warning\n" + json.dumps({"cache": "/c/files/md5", "remotes": ["a", "b"]}))
    assert stores_of(tmp_path) == Stores(Path("/c"), ("a", "b"))
    assert calls == [["list"]]


def test_stores_are_asked_for_while_other_work_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".dvc").mkdir()
    calls = answering(monkeypatch, json.dumps({"cache": "/c/files/md5", "remotes": []}))
    with stores_meanwhile(tmp_path) as copies:
        pass
    assert calls == [["list"]]
    assert copies() == Stores(Path("/c"), ())


@pytest.mark.parametrize("said", ["", "no JSON"])
def test_a_dvc_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    (tmp_path / ".dvc").mkdir()
    answering(monkeypatch, said)
    with pytest.raises(AuditError, match=r"DVC: expected an answer, got none; install what the remote needs"):
        stores_of(tmp_path)


@pytest.mark.parametrize(("policy", "models"), [("retain", 0), ("retrain", 1), ("retire", 1)])
def test_tables_and_reports_go_whole_and_models_by_policy(tmp_path: Path, policy: Policy, models: int) -> None:
    lock(tmp_path, LOCKED)
    found = whole(Layout("tiny", tmp_path), cache=tmp_path / "none", policy=policy)
    always = {LOCKED["data/tiny/cines.csv"], LOCKED["reports/figures"]}
    assert found == always | set([LOCKED["data/tiny/models/dual"]] * models)


def test_an_object_of_the_cache_goes_and_is_named_by_its_place(tmp_path: Path) -> None:
    mine, other = put(tmp_path, MINE.encode()), put(tmp_path, OTHER.encode())
    (step,) = cache_steps(Stores(tmp_path, ()), why=WHY)
    step.do()
    assert (step.removal.place, step.removal.name) == ("cache", f"files/md5/{mine[:2]}/{mine[2:]}")
    assert [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()] == [other[2:]]


def test_earlier_tables_of_cines_are_read_and_no_other(tmp_path: Path) -> None:
    kept = put(tmp_path, b"cine_id\nthen\n")
    lock(tmp_path, {"data/tiny/cines.csv": kept, "data/tiny/labels.csv": put(tmp_path, b"labels\n")})
    assert list(cached_tables(Stores(tmp_path, ()), layout=Layout("tiny", tmp_path))) == [b"cine_id\nthen\n"]


def test_a_remote_is_noted_before_it_is_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.dumps({"objects": [["ab/cdef", "f" * 64]]})
    calls = answering(monkeypatch, told, told)
    state = started(tmp_path)
    clear_remotes(Stores(tmp_path, ("far",)), why=WHY, state=state, base=tmp_path)
    assert calls == [["find", "far"], ["remove", "far"]]
    written: dict[str, Any] = json.loads((tmp_path / FOLDER / f"{state.certificate}.json").read_text())
    assert [item["name"] for item in written["removed"]] == ["far/ab/cdef"]
    assert state.pending == {}


def test_a_remote_that_is_away_is_pending_and_the_next_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = json.dumps({"objects": []})
    calls = answering(monkeypatch, json.dumps({"fault": "no route"}), gone, gone)
    state = started(tmp_path)
    clear_remotes(Stores(tmp_path, ("away", "near")), why=WHY, state=state, base=tmp_path)
    assert state.pending == {"remote away": "no answer: no route"}
    assert calls[1:] == [["find", "near"], ["remove", "near"]]
