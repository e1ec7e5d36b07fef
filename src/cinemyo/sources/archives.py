"""Files under a root, and those inside zip exports: one kind of reference for both, bounded against bombs."""

import io
import os
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, cast

MOST_MEMBERS: Final = 200_000
MOST_BYTES: Final = 64 << 30
"""Of all members together, as the archive states them; no more than this is ever inflated."""
LARGEST_MEMBER: Final = 512 << 20
LARGEST_INNER: Final = 4 << 30
"""Of an archive within an archive."""
MOST_SHRUNK: Final = 200
"""Inflated bytes per byte, for members above `_SMALL`; images seldom shrink to a fifth."""
_SMALL: Final = 64 << 20
_IN_MEMORY: Final = 64 << 20
_CHUNK: Final = 1 << 20
_DEEPEST: Final = 2
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError, struct.error)


@dataclass(frozen=True)
class FileRef:
    """One file under the root, or one member of a zip archive; small, and can be sent to a process."""

    where: str
    """The path as text: a `Path` takes longer to be made and sent than all else of a reference."""
    member: str | None = None
    """Name within the archive, made unique; `inner.zip!name` within an inner one."""
    entries: tuple[int, ...] = ()
    """Index in the archive, then in the inner one."""

    @property
    def path(self) -> Path:
        """The file, or the archive that holds it."""
        return Path(self.where)

    def __lt__(self, other: "FileRef") -> bool:
        """In the order of paths, then of members."""
        mine, theirs = (self.path, self.member or "", self.entries), (other.path, other.member or "", other.entries)
        return mine < theirs

    def name(self, root: Path) -> str:
        """The name below the root, with forward slashes; `archive.zip!member` for a member."""
        whole, above = self.where, f"{root}/"
        # as `relative_to`, which takes as long as the rest of the header
        outer = whole[len(above) :] if whole.startswith(above) else self.path.relative_to(root).as_posix()
        return outer if self.member is None else f"{outer}!{self.member}"

    def open(self) -> BinaryIO:
        """The bytes as a stream that can be sought in.

        Raises:
            OSError: the file is gone or not readable, or the member is damaged, encrypted or beyond the bounds.
        """
        if not self.entries:
            return open(self.where, "rb")  # noqa: PTH123  # see `where`
        try:
            return _member(_archive(self.path, self.entries[:-1]), self.entries[-1])
        except _BROKEN as error:
            raise OSError(type(error).__name__) from None


def expanded(path: str | Path) -> Iterator[FileRef]:
    """The file itself, then each member of it where it is a zip archive that `archive_code` finds nothing wrong with.

    Archives within an archive are opened once more, no deeper. Folders are no members.
    """
    ref = FileRef(os.fspath(path))
    yield ref
    if is_zip_name(ref.where):
        yield from _members(ref)


def archive_code(ref: FileRef) -> str | None:
    """What an archive is counted as: archive, bad_archive, archive_bomb or nested_archive; None if it is no archive."""
    if not is_zip_name(ref.member or ref.where):
        return None
    try:
        with ref.open() as stream:
            if stream.read(2) != b"PK":
                return None
        if len(ref.entries) >= _DEEPEST:
            return "nested_archive"
        return _bomb(_archive(ref.path, ref.entries)) or "archive"
    except (OSError, *_BROKEN):
        return "bad_archive"


def is_zip_name(name: str) -> bool:
    """Whether a file calls itself a zip archive."""
    return name.lower().endswith(".zip")


def member_code(ref: FileRef) -> str | None:
    """Why a member is not read: encrypted, archive_bomb or bad_archive; None for the others and for plain files."""
    if not ref.entries:
        return None
    try:
        info = _archive(ref.path, ref.entries[:-1]).infolist()[ref.entries[-1]]
    except (OSError, IndexError, *_BROKEN):
        return "bad_archive"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    largest = LARGEST_INNER if is_zip_name(info.filename) else LARGEST_MEMBER
    return "archive_bomb" if info.file_size > largest or _shrunk(info) else None


def _members(ref: FileRef) -> Iterator[FileRef]:
    if archive_code(ref) != "archive":
        return
    seen: Counter[str] = Counter()
    for index, info in enumerate(_archive(ref.path, ref.entries).infolist()):
        if info.filename.endswith("/"):  # zipfile itself stumbles over a name without letters
            continue
        seen[info.filename] += 1
        copy = "" if seen[info.filename] == 1 else f"#{seen[info.filename]}"
        inside = "" if ref.member is None else f"{ref.member}!"
        member = FileRef(ref.where, f"{inside}{info.filename}{copy}", (*ref.entries, index))
        yield member
        if is_zip_name(info.filename):
            yield from _members(member)


def _archive(path: Path, entries: tuple[int, ...]) -> zipfile.ZipFile:
    facts = path.stat()
    # a process that was forked shares the place in an open file with its parent
    return _opened(path, entries, facts.st_mtime_ns, facts.st_size, os.getpid())


@lru_cache(maxsize=4)
def _opened(path: Path, entries: tuple[int, ...], _changed: int, _size: int, _process: int) -> zipfile.ZipFile:
    if not entries:
        return zipfile.ZipFile(path)
    outer = _archive(path, entries[:-1])
    info = outer.infolist()[entries[-1]]
    if info.file_size > LARGEST_INNER or _shrunk(info):
        raise zipfile.BadZipFile
    return _Inner(outer, info)


class _Inner(zipfile.ZipFile):
    """An archive within an archive, inflated into memory or into a file without a name, which goes with it."""

    def __init__(self, outer: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._copy = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115
        try:
            with outer.open(info) as stream:
                while chunk := stream.read(_CHUNK):
                    self._copy.write(chunk)
            super().__init__(self._copy)
        except BaseException:
            self._copy.close()
            raise

    def close(self) -> None:
        """Lets go of the copy too."""
        super().close()
        self._copy.close()


def _member(archive: zipfile.ZipFile, index: int) -> BinaryIO:
    info = archive.infolist()[index]
    largest = LARGEST_INNER if is_zip_name(info.filename) else LARGEST_MEMBER
    if info.file_size > largest or info.flag_bits & _ENCRYPTED or _shrunk(info):
        raise zipfile.BadZipFile
    if is_zip_name(info.filename):
        return cast(BinaryIO, archive.open(info))
    # never more than the archive stated, whatever the stream goes on to give
    with archive.open(info) as stream:
        return io.BytesIO(stream.read(info.file_size))


def _shrunk(info: zipfile.ZipInfo) -> bool:
    return info.file_size > _SMALL and info.file_size > MOST_SHRUNK * max(1, info.compress_size)


def _bomb(archive: zipfile.ZipFile) -> str | None:
    """Whether an archive claims more members or bytes than any export, or members that share their bytes."""
    members = archive.infolist()
    packed = sum(info.compress_size for info in members)
    stream = archive.fp
    if stream is None:
        return "bad_archive"
    size = stream.seek(0, io.SEEK_END)
    claimed = sum(info.file_size for info in members)
    too_much = len(members) > MOST_MEMBERS or claimed > MOST_BYTES
    return "archive_bomb" if too_much or packed > size else None
