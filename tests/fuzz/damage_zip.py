"""Zip exports that are damaged, or were made to do harm: bombs, names that climb, entries that share their bytes."""

import io
import struct
import warnings
import zipfile
import zlib
from random import Random
from typing import Final

from tests.fuzz.damage_bombs import deflated_zeros
from tests.fuzz.draft import Draft, Mutation, pick
from tests.fuzz.zips import members_of, zipped

_CENTRAL: Final = b"PK\x01\x02"
_LOCAL: Final = b"PK\x03\x04"
_NAMES: Final = (
    "../../etc/passwd",
    "/abs.dcm",
    "a\\b.dcm",
    "x\0y.dcm",
    "\u202e.dcm",
    "a\nb.dcm",
    "d/" * 80 + "x",
    "",
    "inner.zip",
)
_FIELDS: Final = ((8, "<H"), (10, "<H"), (16, "<I"), (20, "<I"), (24, "<I"), (28, "<H"), (30, "<H"), (42, "<I"))
"""Of a central entry: flags, method, checksum, both sizes, lengths of name and of extra field, offset."""


def wrong_field(draft: Draft, random: Random) -> str:
    """A value of the central directory that is not so."""
    name = pick(draft, random, ending=".zip")
    content = draft.files[name]
    starts = [at for at in range(len(content)) if content.startswith(_CENTRAL, at)]
    if not starts:
        return f"{name!r} has no directory"
    at = random.choice(starts)
    offset, form = random.choice(_FIELDS)
    value = random.choice((0, 1, 8, 9, 99, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)) & (0xFFFF if form == "<H" else 0xFFFFFFFF)
    packed = struct.pack(form, value)
    draft.replace(name, content[: at + offset] + packed + content[at + offset + len(packed) :], pixels="changed")
    return f"{name!r}: field {offset} of an entry is {value:#x}"


def wrong_name(draft: Draft, random: Random) -> str:
    """A member whose name climbs, is empty, or is one that another member has."""
    name, new = pick(draft, random, ending=".zip"), random.choice(_NAMES)
    members = members_of(draft.files[name])
    if not members:
        return f"{name!r} has no members"
    old = random.choice(sorted(members))
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for member, content in members.items():
            info = zipfile.ZipInfo("name")
            info.filename = (new or random.choice(("", *sorted(members)))) if member == old else member
            archive.writestr(info, content)
    draft.replace(name, stream.getvalue(), pixels="changed")
    return f"{name!r}: {old!r} is called {new!r}"


def bomb(draft: Draft, random: Random) -> str:
    """A member of gigabytes, that says so or does not."""
    name, blocks = pick(draft, random, ending=".zip"), random.choice((4, 40, 200))
    claimed = random.choice((blocks << 24, 1000, 1 << 20, 0xFFFFFFFF)) & 0xFFFFFFFF
    packed, member = deflated_zeros(blocks), b"zeros.dcm"
    facts = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, zlib.crc32(b""), len(packed), claimed, len(member), 0)
    local = _LOCAL + facts + member
    central = _CENTRAL + b"\x14\0" + facts + struct.pack("<HHHII", 0, 0, 0, 0, 0) + member
    size = len(local) + len(packed)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), size, 0)
    draft.replace(name, local + packed + central + end, pixels="changed")
    return f"{name!r}: a member of {blocks * 16} MiB that claims {claimed}"


def nested(draft: Draft, random: Random) -> str:
    """An archive within an archive, several deep."""
    name, depth = pick(draft, random, ending=".zip"), random.choice((1, 2, 5))
    content = draft.files[name]
    for level in range(depth):
        content = zipped({f"{level}.zip": content}, method=random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))
    draft.replace(name, content, pixels="changed")
    return f"{name!r} nested {depth} deep"


def shared(draft: Draft, random: Random) -> str:
    """A thousand entries that all point at the same bytes."""
    name = pick(draft, random, ending=".zip")
    content = draft.files[name]
    at, end = content.find(_CENTRAL), content.rfind(b"PK\x05\x06")
    if at < 0 or end < at:
        return f"{name!r} has no directory"
    entry = content[at : at + 46 + int.from_bytes(content[at + 28 : at + 30], "little")]
    directory = entry * 1000
    tail = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1000, 1000, len(directory), at, 0)
    draft.replace(name, content[:at] + directory + tail, pixels="changed")
    return f"{name!r}: 1000 entries of one file"


def damaged_member(draft: Draft, random: Random) -> str:
    """A member cut short, inside an archive that is sound."""
    name = pick(draft, random, ending=".zip")
    members = dict(members_of(draft.files[name]))
    if not members:
        return f"{name!r} has no members"
    member = random.choice(sorted(members))
    members[member] = members[member][: random.randrange(len(members[member]) + 1)]
    draft.replace(name, zipped(members), pixels="changed")
    return f"{name!r}: {member!r} cut to {len(members[member])} bytes"


MUTATIONS: Final = (
    Mutation("zip field", 8, wrong_field, "zip"),
    Mutation("zip name", 4, wrong_name, "zip"),
    Mutation("zip bomb", 1, bomb, "zip"),
    Mutation("nested zip", 2, nested, "zip"),
    Mutation("shared zip entries", 1, shared, "zip"),
    Mutation("damaged zip member", 4, damaged_member, "zip"),
)
