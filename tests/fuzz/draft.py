"""A folder in the making: the files of a base, damaged one mutation after the other."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from tests.fuzz.bases import Base, Files

Pixels = Literal["kept", "changed"]
SpecialKind = Literal["fifo", "socket", "link", "folder", "sparse", "mode"]


@dataclass(frozen=True)
class Special:
    """No plain file: its kind, its name below the root, and where a link points or how large it is."""

    kind: SpecialKind
    name: str
    target: str = ""
    bytes: int = 0


@dataclass
class Draft:
    """Files and what is known of them after the mutations so far."""

    base: Base
    files: Files = field(default_factory=dict)
    specials: list[Special] = field(default_factory=list)
    pixels: dict[str, Pixels] = field(default_factory=dict)
    """Of each mutated file: whether what remains of it may still only show the base's frames."""
    origin: dict[str, str] = field(default_factory=dict)
    """The name in the base, of files that were renamed or copied."""

    def __post_init__(self) -> None:
        """Starts with the undamaged files."""
        self.files = dict(self.base.files)

    def replace(self, name: str, content: bytes, *, pixels: Pixels) -> None:
        """Puts other bytes under a name."""
        self.files[name] = content
        changed = pixels == "changed" or self.pixels.get(name) == "changed"
        self.pixels[name] = "changed" if changed else "kept"

    def add(self, name: str, content: bytes) -> None:
        """A file that the base does not have."""
        self.files[name] = content
        self.pixels[name] = "changed"

    def rename(self, old: str, new: str) -> None:
        """Gives a file another name; its pixels stay those of the base."""
        self.files[new] = self.files.pop(old)
        self.origin[new] = self.origin.pop(old, old)
        self.pixels[new] = self.pixels.pop(old, "kept")

    def original(self, name: str) -> bytes | None:
        """The undamaged bytes behind a name, where there are any."""
        return self.base.files.get(self.origin.get(name, name))


Mutator = Callable[[Draft, Random], str]
"""Damages a draft and says in a few words what it did."""


@dataclass(frozen=True)
class Mutation:
    """A kind of damage, how often it is drawn, and to which files it can be done."""

    kind: str
    weight: float
    apply: Mutator
    family: Literal["dicom", "nifti", "zip", "any"] = "any"


def pick(draft: Draft, random: Random, *, ending: str = "") -> str:
    """The name of one of the draft's files; of those with an ending where there are any."""
    names = sorted(draft.files, key=os.fsencode)
    fitting = [name for name in names if name.endswith(ending)]
    return random.choice(fitting or names)
