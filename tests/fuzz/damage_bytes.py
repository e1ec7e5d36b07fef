"""Damage that knows nothing of formats: bytes cut, flipped, zeroed, inserted, deleted, doubled."""

import io
import zipfile
from random import Random
from typing import Final

from tests.fuzz.draft import Draft, Mutation, Pixels, pick

HEADER_BYTES: Final = 1500
_LONGEST: Final = 4096
_MAGIC: Final = {
    "PE": b"MZ\x90\x00\x03" + bytes(55) + b"\x80\x00\x00\x00",
    "ELF": b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00",
    "PDF": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n",
    "script": b"#!/bin/sh\nexit 1\n#",
    "zip": b"PK\x03\x04\x14\x00",
    "gzip": b"\x1f\x8b\x08\x00",
    "NIfTI": b"\x5c\x01\x00\x00",
    "TIFF": b"II*\x00\x08\x00\x00\x00",
}


def truncate_anywhere(draft: Draft, random: Random) -> str:
    return _cut(draft, random, low=0.0, high=1.0)


def truncate_header(draft: Draft, random: Random) -> str:
    name = pick(draft, random)
    size = len(draft.files[name])
    return _cut(draft, random, low=0.0, high=min(1.0, HEADER_BYTES / max(1, size)), name=name)


def truncate_end(draft: Draft, random: Random) -> str:
    """A few bytes are missing."""
    name = pick(draft, random)
    missing = random.choice((1, 2, 3, 4, 7, 8, 9, 16, 64, 512))
    draft.replace(name, draft.files[name][:-missing], pixels="kept")
    return f"{name!r} without its last {missing} bytes"


def truncate_many(draft: Draft, random: Random) -> str:
    """A copy that broke off: this file cut, those after it empty."""
    names = sorted(draft.files)
    first = random.randrange(len(names))
    draft.replace(names[first], draft.files[names[first]][: random.randrange(_LONGEST)], pixels="kept")
    for name in names[first + 1 :]:
        draft.replace(name, b"", pixels="kept")
    return f"copy broken off in {names[first]!r}"


def flip_header(draft: Draft, random: Random) -> str:
    return _flip(draft, random, within=HEADER_BYTES)


def flip_anywhere(draft: Draft, random: Random) -> str:
    return _flip(draft, random, within=1 << 40)


def zero_run(draft: Draft, random: Random) -> str:
    name, start, length = _run(draft, random)
    content = draft.files[name]
    zeroed = content[:start] + bytes(min(length, len(content) - start)) + content[start + length :]
    draft.replace(name, zeroed, pixels="changed")
    return f"{name!r} zeroed at {start}+{length}"


def insert_run(draft: Draft, random: Random) -> str:
    name, start, length = _run(draft, random)
    content = draft.files[name]
    draft.replace(name, content[:start] + random.randbytes(length) + content[start:], pixels="changed")
    return f"{name!r} with {length} bytes put in at {start}"


def delete_run(draft: Draft, random: Random) -> str:
    name, start, length = _run(draft, random)
    content = draft.files[name]
    draft.replace(name, content[:start] + content[start + length :], pixels="changed")
    return f"{name!r} without {start}+{length}"


def duplicate_run(draft: Draft, random: Random) -> str:
    name, start, length = _run(draft, random)
    content = draft.files[name]
    draft.replace(name, content[: start + length] + content[start:], pixels="changed")
    return f"{name!r} with {start}+{length} twice"


def exchange_runs(draft: Draft, random: Random) -> str:
    """Blocks of two files change places, as on a disk that confuses them."""
    name, start, length = _run(draft, random)
    other = pick(draft, random)
    mine, theirs = draft.files[name], draft.files[other]
    draft.replace(name, mine[:start] + theirs[start : start + length] + mine[start + length :], pixels="changed")
    return f"{name!r} with {start}+{length} of {other!r}"


def empty(draft: Draft, random: Random) -> str:
    name = pick(draft, random)
    draft.replace(name, b"", pixels="kept")
    return f"{name!r} empty"


def garbage(draft: Draft, random: Random) -> str:
    """Noise, bare or after what a reader looks for first."""
    name = pick(draft, random)
    start = random.choice(
        (b"", bytes(128) + b"DICM", bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00", b"\x08\x00\x05\x00")
    )
    content = start + random.randbytes(random.randrange(_LONGEST))
    draft.replace(name, content, pixels="changed")
    return f"{name!r} replaced by {len(content)} bytes of noise"


def polyglot(draft: Draft, random: Random) -> str:
    """The preamble of another format, and its end after the image."""
    name = pick(draft, random)
    kind, magic = random.choice(sorted(_MAGIC.items()))
    content = draft.files[name]
    pixels: Pixels = "changed"
    if content[128:132] == b"DICM":
        pixels = "kept"
        content = magic[:128].ljust(128, b"\0") + content[128:]
    else:
        content = magic + content
    if kind in ("PDF", "zip") and random.random() < 0.5:
        content, pixels = content + _ending(kind), "changed"
    draft.replace(name, content, pixels=pixels)
    return f"{name!r} also a {kind}"


def trailing(draft: Draft, random: Random) -> str:
    """More bytes behind the end."""
    name = pick(draft, random)
    more = random.choice(
        (bytes(1), bytes(512), random.randbytes(33), b"\xfc\xff\xfc\xffOB\0\0\x04\0\0\0abcd", bytes(1 << 20))
    )
    draft.replace(name, draft.files[name] + more, pixels="changed")
    return f"{name!r} with {len(more)} bytes behind its end"


def _ending(kind: str) -> bytes:
    if kind == "PDF":
        return b"\nxref\n0 1\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../evil.sh", "exit 1")
    return stream.getvalue()


def _cut(draft: Draft, random: Random, *, low: float, high: float, name: str | None = None) -> str:
    name = pick(draft, random) if name is None else name
    content = draft.files[name]
    at = int(random.uniform(low, high) * len(content))
    draft.replace(name, content[:at], pixels="kept")
    return f"{name!r} cut at {at} of {len(content)}"


def _flip(draft: Draft, random: Random, *, within: int) -> str:
    name = pick(draft, random)
    content = bytearray(draft.files[name])
    if not content:
        return f"{name!r} has no bit to flip"
    flips = sorted(random.randrange(8 * min(within, len(content))) for _ in range(random.choice((1, 1, 1, 2, 4, 16))))
    for bit in flips:
        content[bit // 8] ^= 1 << bit % 8
    draft.replace(name, bytes(content), pixels="changed")
    return f"{name!r} with bits {flips} flipped"


def _run(draft: Draft, random: Random) -> tuple[str, int, int]:
    name = pick(draft, random)
    size = len(draft.files[name])
    within = size if random.random() < 0.5 else min(size, HEADER_BYTES)
    return name, random.randrange(within + 1), random.choice((1, 2, 3, 4, 8, 12, 100, 512, _LONGEST))


MUTATIONS: Final = (
    Mutation("truncate anywhere", 4, truncate_anywhere),
    Mutation("truncate in the header", 3, truncate_header),
    Mutation("truncate at the end", 2, truncate_end),
    Mutation("copy broken off", 0.5, truncate_many),
    Mutation("flip bits of the header", 8, flip_header),
    Mutation("flip bits anywhere", 3, flip_anywhere),
    Mutation("zero a run", 2, zero_run),
    Mutation("insert a run", 2, insert_run),
    Mutation("delete a run", 2, delete_run),
    Mutation("double a run", 1, duplicate_run),
    Mutation("exchange runs", 1, exchange_runs),
    Mutation("empty file", 1, empty),
    Mutation("noise", 1, garbage),
    Mutation("polyglot", 1.5, polyglot),
    Mutation("bytes behind the end", 1, trailing),
)
