"""Digests of files, folders and code, and what a stage leaves about itself."""

import json
from pathlib import Path

import pytest

from cinemyo import provenance
from cinemyo.errors import TableError


def module(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_folder_is_the_digest_of_names_and_contents(tmp_path: Path) -> None:
    module(tmp_path, "a/one.txt", "1")
    before = provenance.sha256(tmp_path / "a")
    (tmp_path / "a" / "one.txt").rename(tmp_path / "a" / "two.txt")
    assert provenance.sha256(tmp_path / "a") != before


def test_the_closure_follows_imports_and_their_packages(tmp_path: Path) -> None:
    module(tmp_path, "src/cinemyo/__init__.py", "")
    module(tmp_path, "src/cinemyo/deep/__init__.py", "")
    module(tmp_path, "src/cinemyo/deep/leaf.py", "import json\n")
    module(tmp_path, "src/cinemyo/unused.py", "")
    module(tmp_path, "pipelines/run.py", "from cinemyo.deep import leaf\n")
    found = {path.as_posix() for path in provenance.code_closure(Path("pipelines/run.py"), root=tmp_path)}
    wanted = {"pipelines/run.py", "src/cinemyo/__init__.py", "src/cinemyo/deep/__init__.py", "src/cinemyo/deep/leaf.py"}
    assert found == wanted


def test_equal_work_leaves_equal_bytes(tmp_path: Path) -> None:
    source = module(tmp_path, "in.csv", "x")
    for name in ("one.json", "two.json"):
        provenance.record(
            "split", path=tmp_path / name, code=[source], params={"b": 1, "a": 2}, inputs=[source], outputs=[source]
        )
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert set(json.loads((tmp_path / "one.json").read_text())) == {"stage", "code", "params", "inputs", "outputs"}


def test_params_of_a_stage_are_found_again(tmp_path: Path) -> None:
    path, params = tmp_path / "split.json", {"seed": 3}
    provenance.record("split", path=path, code=[], params=params, inputs=[], outputs=[])
    assert provenance.recorded_params(path) == provenance.digest_of(params)


def test_params_of_a_stage_that_left_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="expected the provenance of a stage, got no file; run the stage before it"):
        provenance.recorded_params(tmp_path / "split.json")
