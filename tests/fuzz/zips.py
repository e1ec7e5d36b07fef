"""Zip archives, made and read by the standard library alone."""

import io
import zipfile
from functools import lru_cache


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return stream.getvalue()


@lru_cache(maxsize=16)
def members_of(content: bytes) -> dict[str, bytes]:
    """Name and bytes of the members of an archive; none where it cannot be read, or holds a bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = [info for info in archive.infolist() if not info.is_dir()]
            if sum(info.file_size for info in found) > 1 << 28:
                return {}
            return {info.filename: _read(archive, info) for info in found}
    except Exception:
        return {}


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Nothing of a member that is damaged."""
    try:
        with archive.open(info) as stream:
            return stream.read(info.file_size)
    except Exception:
        return b""
