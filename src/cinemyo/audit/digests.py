"""Digests of files and folders: SHA-256 and the MD5 of DVC in one reading, and that of each file of a folder."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

_BLOCK: Final = 1 << 20
_THREADS: Final = 4
_PIECE: Final = 256
T = TypeVar("T")


@dataclass(frozen=True)
class Digest:
    """Digests of a file or folder, its size in bytes, and for a folder the SHA-256 of each file by its name."""

    sha256: str
    md5: str
    """As DVC 3 states it; `.dir` at its end for a folder."""
    size: int
    files: Mapping[str, str] = field(repr=False)
    """Empty for a file."""

    @property
    def manifest(self) -> bytes | None:
        """The lines whose SHA-256 is that of the folder: a relative name and a digest each; None for a file."""
        return manifest_of(self.files) if self.md5.endswith(".dir") else None


def digest(path: Path, *, without: str = "") -> Digest:
    """Digests of a file or folder; equal to `provenance.sha256` and to what `dvc.lock` says.

    `without` names folders that DVC was told to pass over, such as `__pycache__`.
    """
    if path.is_file():
        sha256, md5, size = _both(str(path))
        return Digest(sha256, md5, size, {})
    names = [name for name in names_under(path) if not without or without not in name.split("/")]
    found = _each(_both, names, folder=path)
    files = {name: sha256 for name, (sha256, _, _) in found.items()}
    listing = json.dumps([{"md5": found[name][1], "relpath": name} for name in sorted(names)], sort_keys=True)
    md5 = hashlib.md5(listing.encode(), usedforsecurity=False).hexdigest() + ".dir"
    size = sum(size for _, _, size in found.values())
    return Digest(sha256_of_manifest(manifest_of(files)), md5, size, files)


def sha256_of_files(path: Path) -> dict[str, str]:
    """The SHA-256 of each file of a folder by its relative name, in the folder's order; empty for one that is gone."""
    return _each(_sha256_or_none, names_under(path), folder=path)


def names_under(folder: Path) -> list[str]:
    """Relative names of the files of a folder at any depth, in the order of `provenance.files_under`."""
    return sorted(_walked(str(folder), ""), key=lambda name: name.split("/"))


def manifest_of(files: Mapping[str, str]) -> bytes:
    """A line per file, `<relative name> <SHA-256>`: its own SHA-256 is the digest of the folder."""
    return "".join(f"{name} {sha256}\n" for name, sha256 in files.items()).encode("utf-8", "surrogateescape")


def sha256_of_manifest(manifest: bytes) -> str:
    """The digest of the folder whose lines these are."""
    return hashlib.sha256(manifest).hexdigest()


def files_of(manifest: bytes) -> dict[str, str]:
    """The SHA-256 of each file by its relative name, from a manifest."""
    lines = manifest.decode("utf-8", "surrogateescape").split("\n")[:-1]
    return {name: sha256 for name, _, sha256 in (line.rpartition(" ") for line in lines)}


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file's bytes."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path per file costs more than its hash
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256_or_none(path: str) -> str:
    try:
        return sha256_of(path)
    except OSError:  # gone or locked since the folder was listed
        return ""


def _each(function: Callable[[str], T], names: Sequence[str], *, folder: Path) -> dict[str, T]:
    """What a function gives for each file, by name; in few large pieces, since most files are small."""
    pieces = [names[start : start + _PIECE] for start in range(0, len(names), _PIECE)]
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(lambda piece: [function(f"{folder}/{name}") for name in piece], pieces)
        values = [value for piece in found for value in piece]
    return dict(zip(names, values, strict=True))


def _both(path: str) -> tuple[str, str, int]:
    """SHA-256, MD5 and size of a file, read once."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        while block := file.read(_BLOCK):
            sha256.update(block)
            md5.update(block)
            size += len(block)
    return sha256.hexdigest(), md5.hexdigest(), size


def _walked(folder: str, before: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _walked(entry.path, f"{before}{entry.name}/")
            elif entry.is_file():
                yield f"{before}{entry.name}"
