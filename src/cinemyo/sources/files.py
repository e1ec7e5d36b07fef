"""The files under a source's root, and what is kept of each: keyed hashes, never its name."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import KeyedDigest, file_code
from cinemyo.errors import SourceError
from cinemyo.sources.archives import FileRef, expanded, is_zip_name
from cinemyo.sources.base import SourceFile

_PIECE: Final = 1 << 20


def folders_under(root: Path) -> dict[Path, list[Path]]:
    """The files of each folder at any depth, both in order of their names; links are followed, each folder once.

    Raises:
        SourceError: the root is absent or no folder.
    """
    return dict(sorted(_folders(root)))


def files_under(root: Path) -> Iterator[Path]:
    """The files at any depth, one folder after the other, in order of their names; few are held at a time.

    Raises:
        SourceError: the root is absent or no folder.
    """
    for _, files in _folders(root):
        yield from files


def refs_under(root: Path) -> Iterator[FileRef]:
    """As `files_under`, each zip archive followed by its members.

    Raises:
        SourceError: the root is absent or no folder.
    """
    for folder, names in _names(root):
        for name in names:
            yield from expanded(os.path.join(folder, name))  # noqa: PTH118  # see `FileRef.where`


def count_files(root: Path) -> int:
    """How many files lie under the root, at any depth.

    Raises:
        SourceError: the root is absent or no folder.
    """
    return sum(len(names) for _, names in _names(root))


def count_refs(root: Path) -> int:
    """As `count_files`, the members of zip archives with them.

    Raises:
        SourceError: the root is absent or no folder.
    """
    count = 0
    for folder, names in _names(root):
        zips = [name for name in names if is_zip_name(name)]
        count += len(names) - len(zips)
        count += sum(1 for name in zips for _ in expanded(os.path.join(folder, name)))  # noqa: PTH118
    return count


def _folders(root: Path) -> Iterator[tuple[Path, list[Path]]]:
    for folder, names in _names(root):
        parent = Path(folder)
        yield parent, [parent / name for name in names]


def _names(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Each folder with the names of its files, both in order; links are followed, each folder once."""
    if not root.is_dir():
        got = "a file" if root.is_file() else "nothing"
        raise SourceError(
            str(root), expected="a folder", got=got, remedy="run `make source ROOT=...` or set source.root"
        )
    seen: set[tuple[int, int]] = set()
    waiting = [os.fspath(root)]
    while waiting:
        folder = waiting.pop()
        try:
            facts = os.stat(folder)  # noqa: PTH116
            with os.scandir(folder) as entries:
                found = sorted((entry.name, *_is_folder_or_file(entry)) for entry in entries)
        except OSError as error:
            # its name may be a person's
            raise SourceError(
                "a folder under the source's root",
                expected="one that you can list",
                got=str(error.strerror),
                remedy="correct its mode",
            ) from None
        # a link back to a folder above would never end
        if (facts.st_dev, facts.st_ino) in seen:
            continue
        seen.add((facts.st_dev, facts.st_ino))
        yield folder, [name for name, _, is_file in found if is_file]
        waiting += [os.path.join(folder, name) for name, is_folder, _ in reversed(found) if is_folder]  # noqa: PTH118


def _is_folder_or_file(entry: "os.DirEntry[str]") -> tuple[bool, bool]:
    """Neither for a pipe, a device, and a link that leads nowhere or to itself."""
    try:
        return entry.is_dir(), entry.is_file()
    except OSError:
        return False, False


def source_file(path: Path, *, root: Path, key: Key) -> SourceFile:
    """What is kept of one file: keyed hashes of its name relative to the root and of its bytes, and its size.

    A file that cannot be read counts as one without bytes: whoever needs them says so.
    """
    name = file_code(path.relative_to(root).as_posix(), key=key)
    digest, size = KeyedDigest(key=key), 0
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
    except OSError:
        return SourceFile(file=name, digest=KeyedDigest(key=key).hexdigest(), bytes=0)
    return SourceFile(file=name, digest=digest.hexdigest(), bytes=size)
