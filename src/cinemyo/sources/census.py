"""The census of a hospital's export: one keyed digest in place of its file names, which DVC would write down.

DVC keeps the path of every file of a folder that a stage depends on, in its site cache and in `.dir` objects, and paths
of an export name people. A source whose `root` ends in `.census` therefore hangs on a file of four lines beside the
folder, which is written anew only where the export has changed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cinemyo import tables
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import KeyedDigest, file_code
from cinemyo.errors import SourceError
from cinemyo.sources.files import count_files, files_under

SUFFIX: Final = ".census"
_READ: Final = 1 << 20
_REMEDY: Final = "run `make census`, then `make repro`"


def folder_of(root: str) -> Path:
    """The folder of a source's root, whether the root is the folder or its census."""
    return Path(root.removesuffix(SUFFIX))


def take_census(root: str, *, key: Key, memory: Path) -> bool:
    """Whether the census was written anew: not where names, sizes and times are those that `memory` holds.

    Files, bytes and one HMAC over contents and the codes that ingest writes for names; nothing in it tells a name, an
    order or a time. With a key of mode `random_table` nothing in it derives from a name.

    Raises:
        SourceError: no such folder, or a file in it that cannot be read.
    """
    folder, path = folder_of(root), Path(root)
    glance = _glance(folder, key=key)
    if path.is_file() and memory.is_file() and memory.read_bytes() == glance.encode() + path.read_bytes():
        return False
    content = (json.dumps(_counted(folder, key=key), indent=1) + "\n").encode()
    is_new = not path.is_file() or path.read_bytes() != content
    if is_new:
        tables.write_bytes(path, content)
    tables.write_bytes(memory, glance.encode() + content)
    return is_new


def check_census(root: str) -> None:
    """Nothing, where the folder holds as many files as its census says; a root without a census is not checked.

    Raises:
        SourceError: no census, or files came or went since.
    """
    if not root.endswith(SUFFIX):
        return
    try:
        files = int(json.loads(Path(root).read_text(encoding="ascii"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise SourceError(root, expected="the census of the export", got="none", remedy=_REMEDY) from None
    found = count_files(folder_of(root))
    if found != files:
        raise SourceError(root, expected=f"{files} files, as counted", got=f"{found}", remedy=_REMEDY)


def _coded(folder: Path, *, key: Key) -> Iterator[tuple[str, Path]]:
    return ((file_code(path.relative_to(folder).as_posix(), key=key), path) for path in files_under(folder))


def _glance(folder: Path, *, key: Key) -> str:
    digest = KeyedDigest(key=key)
    for code, path in _coded(folder, key=key):
        facts = path.stat()
        digest.update(f"{code} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}\n".encode())
    return digest.hexdigest()


def _counted(folder: Path, *, key: Key) -> dict[str, object]:
    digest, files, size = KeyedDigest(key=key), 0, 0
    for code, path in _coded(folder, key=key):
        files += 1
        size += path.stat().st_size
        digest.update(f"{code} {_content(path, key=key)}\n".encode())
    return {"files": files, "bytes": size, "key": key.id, "digest": digest.hexdigest()}


def _content(path: Path, *, key: Key) -> str:
    digest = KeyedDigest(key=key)
    try:
        with path.open("rb") as file:
            while piece := file.read(_READ):
                digest.update(piece)
    except OSError as error:
        raise SourceError(
            "census", expected="files that you can read", got=str(error.strerror), remedy="correct their mode"
        ) from None
    return digest.hexdigest()
