"""What a search may see: the development part without one reserved part, split into training and inner validation."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.errors import ConfigError, SplitError
from cinemyo.folds import HOLDOUT, FoldSplit, fold_count
from cinemyo.labels import Scheme
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of, sha256
from cinemyo.training.data import Samples, load_crops, targets_of

SCHEME: Final[Scheme] = "honest"


class InnerSplit(FoldSplit):
    """Training and inner validation of a search; there is no test side, so no fit on it can answer a test cine.

    Raises:
        SplitError: the sides overlap, one is empty, or cines are given for test.

    Departs from §2.4: the paper tunes epochs and dropout on the folds that it reports.
    """

    def __post_init__(self) -> None:
        if self.test:
            got = f"{len(self.test)} cines"
            raise SplitError("search", expected="no test side", got=got, remedy="give training and validation alone")
        super().__post_init__()

    def _sides(self) -> dict[str, tuple[str, ...]]:
        return {"train": self.train, "validation": self.validation}


@dataclass(frozen=True)
class Basis:
    """The parts on which a search selects, and their rows of the tables alone: nothing of any other part."""

    parts: tuple[int, ...]
    """Parts of the scheme whose cines are trained and validated on."""
    reserved: int
    """The part that was kept away, as the hold-out was."""
    validated: tuple[int, ...]
    """Parts that take a turn as inner validation."""
    folds: pd.DataFrame
    cines: pd.DataFrame
    labels: pd.DataFrame

    @property
    def splits(self) -> list[InnerSplit]:
        """One split per inner validation part; its number is that part."""
        return [self._split(part) for part in self.validated]

    def _split(self, part: int) -> InnerSplit:
        here = self.folds["part"] == str(part)
        sides = {
            "train": tuple(self.folds["cine_id"][~here].tolist()),
            "validation": tuple(self.folds["cine_id"][here].tolist()),
            "test": (),
        }
        return InnerSplit.of(sides, scheme=SCHEME, fold=part, cines=self.cines)

    @property
    def patients(self) -> dict[str, str]:
        """The patient of each cine."""
        return dict(zip(self.cines["cine_id"].tolist(), self.cines["patient_id"].tolist(), strict=True))


def read_basis(layout: Layout, *, reserved: int, folds: int | None) -> Basis:
    """The development part without the reserved one, of the study's tables.

    Raises:
        ConfigError: the study is not split by `honest`, or has no such part or not so many.
    """
    table = _read(layout.folds, table=tables.FOLDS)
    if SCHEME not in set(table["scheme"]):
        schemes = ", ".join(sorted(set(table["scheme"])))
        remedy = "tune a study whose split.protocol is honest"
        raise ConfigError("search", expected=f"folds of scheme {SCHEME}", got=schemes, remedy=remedy)
    count = fold_count(table, scheme=SCHEME)
    parts = tuple(part for part in range(count) if part != reserved)
    wanted = len(parts) if folds is None else folds
    if reserved >= count or len(parts) < 2 or wanted > len(parts):
        got = f"part {reserved} reserved and {wanted} inner folds of {count} parts"
        remedy = "lower reserved_part or folds in conf/search, or raise split.folds to 3 or more"
        raise ConfigError("search", expected="two parts or more beside the reserved one", got=got, remedy=remedy)
    rows = table[(table["scheme"] == SCHEME) & ~table["part"].isin([HOLDOUT, str(reserved)])]
    known = set(rows["cine_id"])
    cines = _read(layout.cines, table=tables.CINES)
    labels = _read(layout.labels, table=tables.LABELS)
    return Basis(
        parts=parts,
        reserved=reserved,
        validated=parts[:wanted],
        folds=rows.reset_index(drop=True),
        cines=cines[cines["cine_id"].isin(known)].reset_index(drop=True),
        labels=labels[labels["cine_id"].isin(known)].reset_index(drop=True),
    )


def read_samples(layout: Layout, *, basis: Basis, arm: Arm) -> Samples:
    """Crops and classes of the prepared cines of the basis; no other canvas is opened.

    Raises:
        TableError: a table or canvas that an earlier stage should have written is absent or broken.
    """
    prepared = _read(layout.prepared(arm.recipe) / "prepared.csv", table=tables.PREPARED)
    known = set(prepared["cine_id"])
    wanted = [cine for cine in basis.folds["cine_id"].tolist() if cine in known]
    crops = load_crops(layout, arm=arm, cine_ids=wanted)
    return Samples(crops, targets_of(basis.labels, wanted, arm=arm), tuple(wanted))


def digest(layout: Layout, *, basis: Basis, recipe: str) -> str:
    """SHA-256 of what the basis holds under a recipe: assignments, labels, phases, centres and canvases."""
    folder = layout.prepared(recipe)
    prepared = _read(folder / "prepared.csv", table=tables.PREPARED)
    phases = _read(layout.phases, table=tables.PHASE_TABLE)
    own = set(basis.folds["cine_id"])
    parts = [basis.folds, basis.labels] + [frame[frame["cine_id"].isin(own)] for frame in (prepared, phases)]
    texts = [part.sort_values("cine_id").to_csv(index=False) for part in parts]
    canvases = [sha256(folder / f"{cine}.tif") for cine in sorted(own & set(prepared["cine_id"]))]
    return digest_of([hashlib.sha256(text.encode()).hexdigest() for text in texts] + canvases)


def _read(path: Path, *, table: tables.Table) -> pd.DataFrame:
    if not path.is_file():
        raise ConfigError("search", expected="a prepared study", got=f"no {path}", remedy="run `make repro`")
    return tables.read(path, table=table)
