"""The files of a tree, in an order that does not depend on the file system, and what git would take of them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cinemyo.errors import ScanError
from cinemyo.scan.history import git_output


@dataclass(frozen=True)
class Item:
    """A file, a folder, a link, or what could not be listed."""

    path: Path
    shown: str
    """The path as it was given, then the names below it."""
    error: str = ""


def items_under(path: Path) -> Iterator[Item]:
    """Everything at or below a path; links are not followed, and git's own folder is left to `--git`.

    Raises:
        ScanError: there is nothing at the path.
    """
    if not path.is_symlink() and not path.exists():
        raise ScanError("PATH", expected="a file or folder", got="nothing there", remedy="check the path")
    yield Item(path, path.as_posix())
    if path.is_dir() and not path.is_symlink():
        yield from _below(path)


def _below(folder: Path) -> Iterator[Item]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield Item(folder, folder.as_posix(), str(error.strerror))
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name == ".git":
            continue
        yield Item(path, path.as_posix())
        if entry.is_dir(follow_symlinks=False):
            yield from _below(path)


def tracked_items(root: Path) -> Iterator[Item]:
    """The files of a working tree that git holds or would take: tracked, and new ones that are not ignored.

    Raises:
        ScanError: no repository there.
    """
    listed = git_output(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in sorted({os.fsdecode(name) for name in listed.split(b"\0") if name}):
        path = root / name
        if path.is_symlink() or path.exists():
            yield Item(path, name)
