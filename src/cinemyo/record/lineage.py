"""Where each artefact comes from: the lock of the pipeline, checked against the files and the tables."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

import pandas as pd
import yaml

from cinemyo import tables
from cinemyo.errors import SetupError
from cinemyo.provenance import files_under
from cinemyo.record.pointers import LOADER

LINEAGE: Final = tables.Table(
    "lineage",
    (
        tables.text("artefact"),
        tables.text("stage"),
        tables.text("command"),
        tables.text("params"),
        tables.text("inputs", nullable=True),
        tables.text("md5", nullable=True),
        tables.integer("bytes", nullable=True, low=0),
        tables.integer("n_files", nullable=True, low=0),
        tables.integer("n_rows", nullable=True, low=0),
        tables.integer("n_cines", nullable=True, low=0),
        tables.integer("n_patients", nullable=True, low=0),
        tables.text("state", among=("ok", "changed", "absent", "not_run")),
    ),
    ("artefact", "stage"),
)
"""One row per artefact: params as JSON, inputs as `path=md5` joined by `; `. State compares the file with the lock."""


def lineage(base: Path = Path()) -> pd.DataFrame:
    """The table of lineage of the stages that `dvc.yaml` and `params.yaml` define now, in their order.

    Raises:
        SetupError: `dvc.yaml` or `dvc.lock` is absent.
    """
    locked = _yaml(base / "dvc.lock")["stages"]
    rows: list[dict[str, Any]] = []
    for name in stage_names(_yaml(base / "dvc.yaml"), params=_yaml(base / "params.yaml")):
        rows += _rows(name, locked[name], base=base) if name in locked else [_not_run(name)]
    return tables.from_rows(rows, table=LINEAGE)


def stage_names(pipeline: Mapping[str, Any], *, params: Mapping[str, Any]) -> list[str]:
    """Names of the stages of a pipeline, with `foreach` and `matrix` resolved by the parameters."""
    names: list[str] = []
    for name, stage in pipeline["stages"].items():
        names += [f"{name}@{item}" for item in _items(stage, params=params)] if _is_template(stage) else [name]
    return names


def _is_template(stage: Mapping[str, Any]) -> bool:
    return "foreach" in stage or "matrix" in stage


def _items(stage: Mapping[str, Any], *, params: Mapping[str, Any]) -> list[str]:
    if "foreach" in stage:
        return [str(item) for item in _resolved(stage["foreach"], params=params)]
    axes = [_resolved(values, params=params) for values in stage["matrix"].values()]
    return ["-".join(str(value) for value in combination) for combination in product(*axes)]


def _resolved(values: Any, *, params: Mapping[str, Any]) -> Iterable[Any]:
    """The keys of a mapping or the items of a list, given as they are or as `${a.b}`."""
    if not isinstance(values, str):
        return list(values)
    found: Any = params
    for key in values.strip().removeprefix("${").removesuffix("}").split("."):
        found = found[key]
    return list(found)


def _rows(name: str, stage: Mapping[str, Any], *, base: Path) -> list[dict[str, Any]]:
    params = {key: value for values in stage.get("params", {}).values() for key, value in values.items()}
    inputs = "; ".join(f"{item['path']}={item.get('md5', '')}" for item in stage.get("deps", ()))
    return [
        {
            "artefact": out["path"],
            "stage": name,
            "command": _command(stage["cmd"]),
            "params": json.dumps(params, sort_keys=True),
            "inputs": inputs,
            "md5": out.get("md5"),
            "bytes": out.get("size"),
            "n_files": out.get("nfiles", 1),
            "state": state(base / out["path"], md5=out.get("md5", "")),
            **counts(base / out["path"]),
        }
        for out in stage.get("outs", ())
    ]


def _command(command: str | Sequence[str]) -> str:
    return command if isinstance(command, str) else " && ".join(command)


def _not_run(name: str) -> dict[str, Any]:
    return {"artefact": "-", "stage": name, "command": "-", "params": "{}", "inputs": "", "state": "not_run"}


def state(path: Path, *, md5: str) -> str:
    """`ok` where a file or folder has the hash of the lock, else `changed` or `absent`."""
    if not path.exists():
        return "absent"
    return "ok" if dvc_md5(path) == md5 else "changed"


def dvc_md5(path: Path) -> str:
    """The hash that DVC 3 gives a file, or a folder (`.dir`: of the list of its files and their hashes)."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    files = [{"md5": dvc_md5(item), "relpath": item.relative_to(path).as_posix()} for item in files_under(path)]
    listing = json.dumps(sorted(files, key=lambda item: item["relpath"]), sort_keys=True)
    return hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest() + ".dir"


def counts(path: Path) -> dict[str, int]:
    """Rows of a table, and how many cines and patients they name; nothing for what is no table."""
    if not path.is_file() or path.suffix not in (".csv", ".parquet"):
        return {}
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else tables.read_text(path)
    named = {"n_cines": "cine_id", "n_patients": "patient_id"}
    return {"n_rows": len(frame)} | {key: frame[name].nunique() for key, name in named.items() if name in frame}


def _yaml(path: Path) -> Any:
    if not path.is_file():
        remedy = "run `make repro`" if path.name == "dvc.lock" else "run this in the root of the project"
        raise SetupError(str(path.name), expected="a file", got="none", remedy=remedy)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
