"""Zip archives, made and read by the standard library alone."""

import io
import zipfile
from collections import Counter
from functools import lru_cache


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return stream.getvalue()


_LARGEST = 1 << 26


@lru_cache(maxsize=16)
def members_of(content: bytes) -> dict[str, bytes]:
    """Name and bytes of the members of an archive; none where it cannot be read, or holds a bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = [info for info in archive.infolist() if not info.filename.endswith("/")]
            seen: Counter[str] = Counter()
            members = {}
            for info in found:
                seen[info.filename] += 1
                copy = "" if seen[info.filename] == 1 else f"#{seen[info.filename]}"
                members[info.filename + copy] = _read(archive, info)
            return members
    except Exception:
        return {}


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Nothing of a member that is damaged, or claims more than any image has."""
    if info.file_size > _LARGEST:
        return b""
    try:
        with archive.open(info) as stream:
            return stream.read(info.file_size)
    except Exception:
        return b""
