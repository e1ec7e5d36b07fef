"""One folder of damaged files for each seed, the same every time, with the words that tell what was done to it."""

import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from cinemyo.deid.decoding import quiet
from tests.fuzz import (
    bases,
    damage_bombs,
    damage_bytes,
    damage_elements,
    damage_nifti,
    damage_tree,
    damage_values,
    damage_zip,
)
from tests.fuzz.bases import Base, Family, Files
from tests.fuzz.draft import Draft, Mutation, Pixels, Special

MUTATIONS: Final[tuple[Mutation, ...]] = (
    *damage_bytes.MUTATIONS,
    *damage_elements.MUTATIONS,
    *damage_values.MUTATIONS,
    *damage_bombs.MUTATIONS,
    *damage_tree.MUTATIONS,
    *damage_nifti.MUTATIONS,
    *damage_zip.MUTATIONS,
)
_REAL_SHARE: Final = 0.35
_SEVERAL: Final = (1, 1, 1, 1, 1, 2, 2, 3, 5)


@dataclass(frozen=True)
class Case:
    """A folder to be read: damaged and undamaged files, what is no file, and how it came to be."""

    seed: int
    base: Base
    kinds: tuple[str, ...]
    told: tuple[str, ...]
    files: Files
    specials: tuple[Special, ...]
    pixels: dict[str, Pixels]
    origin: dict[str, str]

    def __str__(self) -> str:
        """What was done, in one line."""
        return f"case {self.seed}: {self.base.name}: {'; '.join(self.told)}"[:1500]

    @property
    def family(self) -> Family:
        """Which reader it is for."""
        return self.base.family

    def original(self, name: str) -> bytes | None:
        """The undamaged bytes of a file that came from the base."""
        return self.base.files.get(self.origin.get(name, name))


def case(seed: int) -> Case:
    """The case of that seed; without the real files that it would take, it takes a phantom."""
    random = Random(seed)
    share, index = random.random(), random.random()
    base = bases.base(_chosen(share, index))
    drafted = Draft(base)
    fitting = [mutation for mutation in MUTATIONS if mutation.family in ("any", base.family)]
    kinds, told = [], []
    with quiet():
        for _ in range(random.choice(_SEVERAL)):
            (mutation,) = random.choices(fitting, weights=[mutation.weight for mutation in fitting])
            told.append(mutation.apply(drafted, random))
            kinds.append(mutation.kind)
    return finished(drafted, seed=seed, kinds=kinds, told=told)


def finished(draft: Draft, *, seed: int = -1, kinds: list[str] | None = None, told: list[str] | None = None) -> Case:
    """The case of a draft."""
    return Case(
        seed,
        draft.base,
        tuple(kinds or ()),
        tuple(told or ()),
        draft.files,
        tuple(draft.specials),
        draft.pixels,
        draft.origin,
    )


def lay(case: Case, root: Path) -> None:
    """Writes the folder of a case."""
    for name, content in case.files.items():
        path = root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:  # a name that is a folder of another, or too long for the disk: such a file cannot be handed in
            continue
    for special in case.specials:
        try:
            _special(special, root)
        except OSError:
            continue


def _special(special: Special, root: Path) -> None:
    path = root / special.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if special.kind == "fifo":
        os.mkfifo(path)
    elif special.kind == "socket":
        with socket.socket(socket.AF_UNIX) as endpoint:
            endpoint.bind(str(path))
    elif special.kind == "folder":
        (path / "inner").mkdir(parents=True)
    elif special.kind == "sparse":
        os.truncate(path, special.bytes)
    elif special.kind == "mode":
        path.chmod(0)
    elif special.target == "itself":
        path.symlink_to(path.name)
    else:
        path.symlink_to(root / special.target.removeprefix("sibling:") if ":" in special.target else special.target)


def regular_files(root: Path) -> list[str]:
    """Names of all regular files below a folder, links followed, each folder once, as any walk would find them."""
    found, seen = [], set()
    for folder, inner, files in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        for file in files:
            path = Path(folder) / file
            try:
                if stat.S_ISREG(path.stat().st_mode):
                    found.append(path.relative_to(root).as_posix())
            except OSError:
                continue
    return found


def _chosen(share: float, index: float) -> str:
    real, phantoms = bases.real_names(), list(bases.PHANTOMS)
    names = real if real and share < _REAL_SHARE else phantoms
    return names[int(index * len(names))]
