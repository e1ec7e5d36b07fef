"""The digest of an image's pixels, taken where two images may be one: few are ever asked for."""

import hashlib

from cinemyo.sources.dicom_records import Header


def pixel_digest(header: Header) -> str:
    """SHA-256 of the bytes of this frame, read anew where the reader of headers did not take it.

    A file that is gone meanwhile is like no other: its keyed digest stands for it.
    """
    facts = header.pixels
    if facts.digest or facts.offset is None:
        return facts.digest
    size = facts.rows * facts.columns * facts.bits * max(1, facts.samples) // 8
    try:
        with header.ref.open() as stream:
            stream.seek(facts.offset)
            return hashlib.sha256(stream.read(max(0, min(size, facts.available)))).hexdigest()
    except OSError:
        return header.file.digest
