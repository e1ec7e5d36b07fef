"""Damage to the tree around the files: names, links, and things that are no files."""

import os
from random import Random
from typing import Final

from tests.fuzz.draft import Draft, Mutation, Special, SpecialKind, pick

_NAMES: Final = (
    *(
        "a\nb.dcm",
        "\n",
        " ",
        "-rf.dcm",
        "a\\..\\..\\b.dcm",
        "\u202egnp.dcm",
        "e\u0301.dcm",
        "CON.dcm",
        "x" * 250,
        "'; drop.dcm",
    ),
    *(
        "deep/" * 40 + "x.dcm",
        "a.dcm.",
        ".hidden",
        "...",
        "$(id).dcm",
        "%00.dcm",
        "DICOMDIR",
        "*?.dcm",
        "a\tb\x1b[31m.dcm",
    ),
    *("patient007/im.dcm", "x.zip", "x.nii.gz", "x.dcm.gz", "Info.cfg", "patient001_4d.nii.gz", "index.csv"),
    *(os.fsdecode(b"\xff\xfe.dcm"), os.fsdecode(b"caf\xe9/\x80.dcm")),
)
_TARGETS: Final = ("itself", "..", ".", "/dev/zero", "/dev/null", "/dev/random", "nowhere", "sibling", "/proc/self/mem")


def rename(draft: Draft, random: Random) -> str:
    old, new = pick(draft, random), random.choice(_NAMES)
    if new in draft.files:
        return "no change"
    if draft.base.family == "nifti" and "/" in old:
        new = f"{old.rpartition('/')[0]}/{new}"
    draft.rename(old, new)
    return f"{old!r} called {new[:60]!r}"


def rename_all(draft: Draft, random: Random) -> str:
    """Numbers without an ending, in one folder, in a random order."""
    names = sorted(draft.files, key=os.fsencode)
    random.shuffle(names)
    for number, old in enumerate(names):
        if draft.base.family == "dicom":
            draft.rename(old, f"{number:08X}")
    return "all files renamed"


def copied_folder(draft: Draft, random: Random) -> str:
    """The whole tree a second time, below a folder of it."""
    for name in sorted(draft.files, key=os.fsencode):
        copy = f"copy/{name}"
        draft.files[copy], draft.origin[copy] = draft.files[name], draft.origin.get(name, name)
        draft.pixels[copy] = draft.pixels.get(name, "kept")
    return "the tree twice"


def pipe(draft: Draft, random: Random) -> str:
    """A FIFO or a socket, which must never be waited for."""
    kind: SpecialKind = random.choice(("fifo", "socket"))
    name = random.choice(("pipe.dcm", "patient001/pipe.nii.gz", "patient001/Info.cfg", "a/b/pipe", "DICOMDIR"))
    draft.files.pop(name, None)
    draft.specials.append(Special(kind, name))
    return f"a {kind} {name!r}"


def link(draft: Draft, random: Random) -> str:
    """A link: to itself, upwards, to a device, to nothing, to a sibling."""
    target, sibling = random.choice(_TARGETS), pick(draft, random)
    name = random.choice(("link.dcm", "patient001/link.nii.gz", "z/link"))
    draft.specials.append(Special("link", name, target=f"sibling:{sibling}" if target == "sibling" else target))
    return f"a link {name!r} to {target!r}"


def folder(draft: Draft, random: Random) -> str:
    """A folder with the name of an image, empty or not."""
    name = random.choice(
        ("folder.dcm", "patient001/patient001_frame01.nii.gz", "patient003/patient003_4d.nii", "DICOMDIR")
    )
    if name in draft.files:
        del draft.files[name]
    draft.specials.append(Special("folder", name))
    return f"a folder {name!r}"


def unreadable(draft: Draft, random: Random) -> str:
    """A file that nobody may read (means nothing to root)."""
    name = pick(draft, random)
    draft.specials.append(Special("mode", name))
    return f"{name!r} with mode 000"


MUTATIONS: Final = (
    Mutation("file name", 3, rename),
    Mutation("all names", 0.5, rename_all, "dicom"),
    Mutation("tree twice", 0.5, copied_folder),
    Mutation("FIFO or socket", 1, pipe),
    Mutation("link", 1.5, link),
    Mutation("folder named as a file", 0.7, folder),
    Mutation("unreadable mode", 0.5, unreadable),
)
