"""What is finished of a stage, kept until all of it is: killed and run again, nothing is made twice."""

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import cinemyo

_RECORDS: Final = "finished"
_LIBRARIES: Final = (
    *("numpy", "scipy", "pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle", "pyjpegls", "python-gdcm"),
    *("SimpleITK", "nibabel", "tifffile", "pandas"),
)


@dataclass(frozen=True)
class Finished:
    """A folder with a record per finished item, beside the files that belong to it.

    A record names files with their SHA-256 and is written last: what a kill or a power cut left half done is made
    again. Nothing in it names a person: pseudonyms and keyed hashes alone.
    """

    folder: Path

    def path(self, name: str) -> Path:
        """Where a file of an item lies."""
        return self.folder / name

    def find(self, content: str) -> dict[str, Any] | None:
        """The record of a finished item, if its files are whole."""
        try:
            record = json.loads(self._record(content).read_bytes())
            whole = all(_digest(self.path(name)) == digest for name, digest in record["files"].items())
            return dict(record["item"]) if whole else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, content: str, item: Mapping[str, Any], *, files: list[str]) -> None:
        """Marks an item as finished; its files are there by now."""
        record = {"item": item, "files": {name: _digest(self.path(name)) for name in files}}
        path = self._record(content)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(record, separators=(",", ":")), encoding="ascii")
        draft.replace(path)

    def clear(self) -> None:
        """Takes all of it away, and the folders above that are empty by then."""
        # records first: what they name is there as long as they are
        shutil.rmtree(self.folder / _RECORDS, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        for above in list(self.folder.parents)[:3]:
            try:
                above.rmdir()
            except OSError:
                return

    def _record(self, content: str) -> Path:
        return self.folder / _RECORDS / f"{content}.json"


def begin(folder: Path, *, name: str, basis: Any) -> Finished:
    """The work in progress of an output: `<folder>/<name>-<key>`; that of the same output on another basis is cleared.

    `basis` is a JSON value of what all items hang on; code and versions of the libraries are added to it.
    """
    text = json.dumps([basis, code_digest()], sort_keys=True, separators=(",", ":"))
    work = folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    for other in sorted(folder.glob(f"{glob.escape(name)}-" + "[0-9a-f]" * 16)):
        if other != work:
            shutil.rmtree(other, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    return Finished(work)


def link(source: Path, target: Path) -> None:
    """Puts a finished file where it belongs too, without copying it where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def code_digest() -> str:
    """A digest of the package's code outside training and reports, and of the libraries that it reads images with."""
    root = Path(cinemyo.__file__).parent
    parts = [*sorted(root.glob("*.py"))]
    for name in ("config", "deid", "preparation", "sources"):
        parts += sorted((root / name).rglob("*.py"))
    digest = hashlib.sha256()
    for path in parts:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name in _LIBRARIES:
        try:
            digest.update(f"{name} {version(name)}\n".encode())
        except PackageNotFoundError:
            digest.update(f"{name} absent\n".encode())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
