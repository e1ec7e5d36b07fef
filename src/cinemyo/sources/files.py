"""The files under a source's root, and what is kept of each: keyed hashes, never its name."""

import os
from pathlib import Path

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import keyed_hash
from cinemyo.errors import SourceError
from cinemyo.sources.base import SourceFile


def folders_under(root: Path) -> dict[Path, list[Path]]:
    """The files of each folder at any depth, both in order of their names; links are followed, each folder once.

    Raises:
        SourceError: the root is absent or no folder.
    """
    if not root.is_dir():
        got = "a file" if root.is_file() else "nothing"
        raise SourceError(
            str(root), expected="a folder", got=got, remedy="run `make source ROOT=...` or set source.root"
        )
    folders: dict[Path, list[Path]] = {}
    seen: set[Path] = set()
    for name, inner, files in os.walk(root, followlinks=True):
        folder = Path(name)
        # a link back to a folder above would never end
        if folder.resolve() in seen:
            inner.clear()
            continue
        seen.add(folder.resolve())
        inner.sort()
        folders[folder] = [folder / file for file in sorted(files) if (folder / file).is_file()]
    return dict(sorted(folders.items()))


def count_files(root: Path) -> int:
    """How many files lie under the root, at any depth.

    Raises:
        SourceError: the root is absent or no folder.
    """
    return sum(len(files) for files in folders_under(root).values())


def source_file(path: Path, *, root: Path, key: Key) -> SourceFile:
    """What is kept of one file: keyed hashes of its name relative to the root and of its bytes, and its size.

    Raises:
        SourceError: the file cannot be read.
    """
    name = keyed_hash(path.relative_to(root).as_posix(), key=key)[:32]
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"source file {name}",
            expected="a file that you can read",
            got=str(error.strerror),
            remedy="correct its mode",
        ) from None
    return SourceFile(file=name, digest=keyed_hash(content, key=key), bytes=len(content))
