"""dvc.yaml and params.yaml against the code and conf/ that they stand for."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import compose_and_dump

from cinemyo import config
from cinemyo.provenance import code_closure
from pipelines.params import composed

ROOT = Path(__file__).resolve().parents[1]
STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
STUDIES = sorted(path.stem for path in (ROOT / "conf" / "study").glob("*.yaml"))


def listed_code(stage: dict[str, Any]) -> set[str]:
    deps = stage.get("do", stage)["deps"]
    return {item for item in deps if item.startswith(("src/", "pipelines/"))}


@cache
def imported_code(name: str) -> set[str]:
    files = code_closure(Path("pipelines") / f"{name}.py", root=ROOT)
    # a package's __init__ that holds a docstring alone decides nothing
    return {path.as_posix() for path in files if path.name != "__init__.py" or _has_code(ROOT / path)}


def _has_code(path: Path) -> bool:
    return len(path.read_text(encoding="utf-8").splitlines()) > 3


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_lists_exactly_the_code_that_it_imports(name: str) -> None:
    listed, imported = listed_code(STAGES[name]), imported_code(name)
    folders = {item for item in listed if not item.endswith(".py")}
    uncovered = {
        path for path in imported if path not in listed and not path.startswith(tuple(f"{f}/" for f in folders))
    }
    unused = {item for item in listed if not any(path == item or path.startswith(f"{item}/") for path in imported)}
    assert (uncovered, unused) == (set(), set())


@pytest.mark.parametrize("name", STAGES)
def test_a_listed_folder_is_imported_whole(name: str) -> None:
    imported = imported_code(name)
    for folder in (item for item in listed_code(STAGES[name]) if not item.endswith(".py")):
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.py") if _has_code(path)}
        assert files <= imported


def test_params_are_the_composition_of_conf(tmp_path: Path) -> None:
    clean = tmp_path / "conf"
    for path in (ROOT / "conf").rglob("*.yaml"):
        if "local" not in path.parts:
            target = clean / path.relative_to(ROOT / "conf")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    assert (ROOT / "params.yaml").read_text(encoding="utf-8") == composed(clean, overrides=["study=demo"])


@cache
def text_of(study: str) -> str:
    return composed(ROOT / "conf", overrides=[f"study={study}"])


@pytest.mark.parametrize("study", STUDIES)
def test_dvc_composes_the_same_bytes(study: str, tmp_path: Path) -> None:
    overrides = [f"study={study}"]
    compose_and_dump(tmp_path / "params.yaml", str(ROOT / "conf"), None, "config", str(ROOT), overrides)
    assert (tmp_path / "params.yaml").read_text(encoding="utf-8") == text_of(study)


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_composes_into_typed_params(study: str) -> None:
    assert config.parse(yaml.safe_load(text_of(study)), where=study).study.name == study
