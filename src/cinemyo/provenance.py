"""What a stage leaves about itself: digests of its code, params, inputs and outputs; no time, host or user."""

import ast
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cinemyo import tables
from cinemyo.errors import TableError

PACKAGES = {"cinemyo": Path("src/cinemyo"), "pipelines": Path("pipelines")}


def sha256(path: Path) -> str:
    """SHA-256 of a file, or of a folder as the digest of its sorted relative names and file digests."""
    if path.is_dir():
        lines = (f"{item.relative_to(path).as_posix()} {sha256(item)}\n" for item in files_under(path))
        return hashlib.sha256("".join(lines).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_under(folder: Path) -> list[Path]:
    """The files of a folder at any depth, in order of their names."""
    return sorted(item for item in folder.rglob("*") if item.is_file())


def digest_of(values: Any) -> str:
    """SHA-256 of a JSON value in canonical form."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def code_closure(entry: Path, *, root: Path = Path()) -> list[Path]:
    """The project's own files that a file imports, directly or not, itself included, relative to the root."""
    found: set[Path] = set()
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += [item for name in _imported(root / path) for item in _files_of(name, root=root)]
    return sorted(found)


def _imported(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files_of(module: str, *, root: Path) -> list[Path]:
    top, *rest = module.split(".")
    if top not in PACKAGES:
        return []
    base = PACKAGES[top].joinpath(*rest)
    candidates = [base.with_suffix(".py"), base / "__init__.py"]
    packages = [PACKAGES[top].joinpath(*rest[:depth]) / "__init__.py" for depth in range(len(rest))]
    return [path for path in candidates + packages if (root / path).is_file()]


def recorded_params(path: Path) -> str:
    """The digest of the params under which a stage last ran, from the provenance that it left.

    Raises:
        TableError: the stage left none.
    """
    if not path.is_file():
        raise TableError(
            str(path), expected="the provenance of a stage", got="no file", remedy="run the stage before it"
        )
    return str(json.loads(path.read_text(encoding="utf-8"))["params"])


def record(
    stage: str,
    *,
    path: Path,
    code: Sequence[Path],
    params: Mapping[str, Any],
    inputs: Sequence[Path],
    outputs: Sequence[Path],
) -> None:
    """Writes the provenance of a stage as JSON; equal work gives equal bytes."""
    content = {
        "stage": stage,
        "code": digest_of({item.as_posix(): sha256(item) for item in code}),
        "params": digest_of(params),
        "inputs": {item.as_posix(): sha256(item) for item in inputs},
        "outputs": {item.as_posix(): sha256(item) for item in outputs},
    }
    tables.write_bytes(path, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())
