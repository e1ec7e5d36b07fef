"""NIfTI headers that lie, streams that unpack to gigabytes, and annotations that are none."""

import gzip
import struct
import zlib
from random import Random
from typing import Final

from tests.fuzz.damage_bombs import deflated_zeros
from tests.fuzz.draft import Draft, Mutation, pick

_FIELDS: Final = {
    "sizeof_hdr": (0, "<i", (0, 347, 540, 0x5C010000, -1)),
    "dim0": (40, "<h", (0, 1, 2, 3, 4, 5, 7, 8, 255, -1)),
    "dim1": (42, "<h", (0, 1, -1, 5, 7, 2048, 32767)),
    "dim2": (44, "<h", (0, 1, -1, 4, 2048, 32767)),
    "dim3": (46, "<h", (0, 1, -1, 3, 128, 32767)),
    "dim4": (48, "<h", (0, 1, 2, -1, 256, 32767)),
    "datatype": (70, "<h", (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1536, 1792, 2048, 2304, 9999)),
    "bitpix": (72, "<h", (0, 1, 8, 16, 32, 64, 128, -8)),
    "pixdim0": (76, "<f", (0.0, 1.0, -1.0, float("nan"))),
    "pixdim1": (80, "<f", (0.0, -1.5, float("nan"), float("inf"), 1e-30, 1e30, 0.05)),
    "pixdim2": (84, "<f", (0.0, -1.5, float("nan"), float("inf"), 1e-30, 1e30, 11.0)),
    "pixdim3": (88, "<f", (0.0, -1.5, float("nan"), float("inf"), 1e-30, 1e30)),
    "vox_offset": (108, "<f", (0.0, -1.0, 348.0, 352.5, 1e9, 1e38, float("nan"), float("inf"))),
    "scl_slope": (112, "<f", (0.0, -1.0, float("nan"), float("inf"), 1e38, 1e-45, 2.0)),
    "scl_inter": (116, "<f", (1.0, float("nan"), float("inf"), -1e38)),
    "xyzt_units": (123, "<B", (0, 255)),
    "qform_code": (252, "<h", (0, 1, 5, -1, 30000)),
    "sform_code": (254, "<h", (0, 1, 5, -1, 30000)),
    "quatern_b": (256, "<f", (2.0, float("nan"), float("inf"))),
    "srow_x": (280, "<f", (float("nan"), float("inf"), 1e38)),
    "magic": (344, "<4s", (b"n+1\0", b"ni1\0", b"n+2\0", b"\0\0\0\0", b"abcd")),
    "extension": (348, "<4s", (b"\1\0\0\0", b"\xff\xff\xff\xff")),
}
_INFO: Final = (
    *(b"", b"ED: 1", b"ED: 1\nES: 1\n", b"ED: 0\nES: 4\n", b"ED: 4\nES: 1\n", b"ED: -1\nES: 4\n", b"ED: 1.0\nES: 4\n"),
    *(b"ED: " + b"9" * 5000 + b"\nES: 4\n", b"ED: 99999999999\nES: 4\n", "ED: \u0661\nES: \u0664\n".encode()),
    *(b"\xff\xfe" * 300, b"ED: 1\nES: 4\nGroup: ../../x\n", b"ED: 1\nES: 4\nGroup: NOR\nED: 7\n"),
    *(b"ED:1\rES:4\rGroup:NOR", b"ED: 1\0\nES: 4\n", b"ED: 1\nES: 4\nGroup: " + b"A" * 1_000_000),
    *(b"\n" * 2_000_000, b":" * 100_000, b"ED: 256\nES: 4\nGroup: NOR\n"),
)


def unpacked(name: str, content: bytes) -> bytes | None:
    """The bytes of the NIfTI file itself; None where its gzip is damaged or swollen."""
    if not name.endswith(".gz"):
        return content
    try:
        return zlib.decompressobj(31).decompress(content, 1 << 26)
    except zlib.error:
        return None


def wrong_field(draft: Draft, random: Random) -> str:
    name, told = pick(draft, random, ending=random.choice((".nii.gz", ".nii"))), []
    content = unpacked(name, draft.files[name])
    if content is None or len(content) < 352:
        return f"{name!r} has no header"
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        field = random.choice(sorted(_FIELDS))
        at, form, values = _FIELDS[field]
        value = random.choice(values)
        packed = struct.pack(form, value)
        content = content[:at] + packed + content[at + len(packed) :]
        told.append(f"{field} {value!r}")
    _put(draft, name, content)
    return f"{name!r}: {', '.join(told)}"


def inside(draft: Draft, random: Random) -> str:
    """Cut or flipped inside the compression, which stays sound."""
    name = pick(draft, random, ending=".nii.gz")
    content = unpacked(name, draft.files[name])
    if not content:
        return f"{name!r} cannot be unpacked"
    if random.random() < 0.5:
        at = random.randrange(len(content))
        content = content[:at]
        told = f"cut at {at}"
    else:
        flipped, bit = bytearray(content), random.randrange(8 * min(len(content), 352))
        flipped[bit // 8] ^= 1 << bit % 8
        content, told = bytes(flipped), f"bit {bit} flipped"
    _put(draft, name, content)
    return f"{name!r} {told} inside"


def gzip_bomb(draft: Draft, random: Random) -> str:
    """A sound header, then gigabytes of zeros."""
    name = pick(draft, random, ending=".nii.gz")
    content = unpacked(name, draft.files[name]) or b""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(content[: random.choice((0, 352, len(content)))]) + packer.flush(zlib.Z_FULL_FLUSH)
    blocks = random.choice((8, 200))
    trailer = struct.pack("<II", random.choice((0, 1)), (len(content) + blocks * (1 << 24)) & 0xFFFFFFFF)
    draft.add(name, b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + head + deflated_zeros(blocks) + trailer)
    return f"{name!r} unpacks to {blocks * 16} MiB"


def gzip_frame(draft: Draft, random: Random) -> str:
    """A gzip frame that is not as it should be: checksum, flags, members, nesting."""
    name, how = (
        pick(draft, random, ending=".nii.gz"),
        random.choice(("crc", "size", "twice", "nested", "plain", "flags", "name")),
    )
    content = draft.files[name]
    if how in ("crc", "size"):
        at = len(content) - (8 if how == "crc" else 4)
        content = content[:at] + random.randbytes(4) + content[at + 4 :]
    elif how == "twice":
        content = content * 2
    elif how == "nested":
        content = gzip.compress(content, mtime=0)
    elif how == "plain":
        content = unpacked(name, content) or b""
    elif how == "flags":
        content = content[:3] + random.randbytes(1) + content[4:]
    else:
        content = content[:3] + b"\x08" + content[4:10] + b"../../x\xff" * 10 + b"\0" + content[10:]
    draft.replace(name, content, pixels="changed")
    return f"gzip of {name!r}: {how}"


def wrong_info(draft: Draft, random: Random) -> str:
    name, content = pick(draft, random, ending="Info.cfg"), random.choice(_INFO)
    draft.replace(name, content, pixels="changed")
    return f"{name!r} holds {content[:30]!r}"


def lost(draft: Draft, random: Random) -> str:
    name = pick(draft, random)
    if len(draft.files) > 1:
        del draft.files[name]
    return f"{name!r} lost"


def exchanged(draft: Draft, random: Random) -> str:
    """Two files under each other's names."""
    one, other = pick(draft, random), pick(draft, random)
    mine, theirs = draft.files[one], draft.files[other]
    draft.replace(one, theirs, pixels="changed")
    draft.replace(other, mine, pixels="changed")
    return f"{one!r} and {other!r} exchanged"


def _put(draft: Draft, name: str, content: bytes) -> None:
    draft.replace(name, gzip.compress(content, 1, mtime=0) if name.endswith(".gz") else content, pixels="changed")


MUTATIONS: Final = (
    Mutation("NIfTI field", 25, wrong_field, "nifti"),
    Mutation("inside gzip", 6, inside, "nifti"),
    Mutation("gzip bomb", 0.6, gzip_bomb, "nifti"),
    Mutation("gzip frame", 4, gzip_frame, "nifti"),
    Mutation("Info.cfg", 6, wrong_info, "nifti"),
    Mutation("file lost", 2, lost, "nifti"),
    Mutation("files exchanged", 2, exchanged, "nifti"),
)
