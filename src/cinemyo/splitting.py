"""Who trains and who tests: parts drawn by content and seed, balanced by pathology and view, permanent once drawn."""

import hashlib
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from cinemyo import tables
from cinemyo.config import Split
from cinemyo.errors import SplitError
from cinemyo.folds import HOLDOUT, verify
from cinemyo.labels import LEAKY_SCHEMES, PATHOLOGIES, SCHEMES, VIEWS, Scheme
from cinemyo.persons import persons_of

Shares = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class _Unit:
    """What is assigned as one: the cines of a person, or one set of pixels where a scheme splits by input."""

    names: tuple[str, ...]
    """Patients (of a scheme by patient) or cines, by which an earlier table knows it."""
    cines: tuple[str, ...]
    pathology: str
    views: tuple[int, ...]
    """Cines per view, in the order of `labels.VIEWS`."""
    digest: str
    """Its smallest digest: what it is drawn by, since content does not change with the pseudonym key."""


def assign(
    labels: pd.DataFrame,
    *,
    cines: pd.DataFrame,
    split: Split,
    seed: int,
    previous: pd.DataFrame | None = None,
    links: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The table of folds (`tables.FOLDS`) of every cine with a pathology, for each scheme of the protocol.

    A unit is a person (linked patients are one) or, for `paper_by_input`, one set of pixels; its class is that of the
    first exam. Draws hang on seed, scheme and pixel digests alone, never on pseudonyms. What `previous` assigned stays
    where it was: a new patient is added to the part that lacks its class and views, a withdrawn one is dropped. The
    folds by input leave out the hold-out of the honest scheme.

    Raises:
        SplitError: no labelled cine, equal pixels under two patients without a link, a class with fewer patients than
            folds.

    Source: Germain 2021, §2.4
    Departs from §2.4: stratified by pathology and view, and by patient; the folds by input are kept as comparison.
    """
    known = _labelled(cines, labels=labels)
    known = known.assign(person=known["patient_id"].map(persons_of(known["patient_id"].tolist(), links=links)))
    _refuse_duplicates(known)
    parts: dict[tuple[str, str], str] = {}
    for scheme, shares, folds in _schemes(split):
        units = _units(_open(known, scheme=scheme, parts=parts), scheme=scheme)
        kept = _kept(units, previous=previous, scheme=scheme, parts={*dict(shares), *map(str, range(folds)), "train"})
        drawn = _draw(units, shares=shares, folds=folds, kept=kept, salt=f"{seed}:{scheme}")
        parts |= {(scheme, cine): part for unit, part in drawn.items() for cine in unit.cines}
    table = _table(parts, known=known, seed=seed)
    verify(table, cines=cines)
    return table


def _schemes(split: Split) -> list[tuple[Scheme, Shares, int]]:
    """Scheme, the parts drawn first with their shares, and how many folds share the rest (0: the rest is `train`)."""
    by_input: tuple[Scheme, Shares, int] = ("paper_by_input", (), split.folds)
    if split.protocol == "honest":
        return [("honest", ((HOLDOUT, split.holdout_share),), split.folds), by_input]
    return [("paper", (), split.folds), by_input, ("paper_holdout", (("test", 0.2), ("validation", 0.2)), 0)]


def _open(known: pd.DataFrame, *, scheme: Scheme, parts: dict[tuple[str, str], str]) -> pd.DataFrame:
    """The cines that a scheme may share out: the leaky comparison stays away from the hold-out of the honest one."""
    if scheme not in LEAKY_SCHEMES:
        return known
    held = {cine for (_, cine), part in parts.items() if part == HOLDOUT}
    return known[~known["cine_id"].isin(held)]


def _labelled(cines: pd.DataFrame, *, labels: pd.DataFrame) -> pd.DataFrame:
    columns = ["cine_id", "patient_id", "exam_order", "slice_number", "digest"]
    joined = cines[columns].merge(labels[["cine_id", "pathology", "view"]], on="cine_id", validate="one_to_one")
    labelled = joined[joined["pathology"].notna()]
    if labelled.empty:
        remedy = "complete the label sheet"
        raise SplitError("labels.csv", expected="cines with a pathology", got="none", remedy=remedy)
    return labelled.sort_values(["digest", "exam_order", "slice_number"], kind="stable")


def _refuse_duplicates(known: pd.DataFrame) -> None:
    persons = known.groupby("digest")["person"].nunique()
    shared = known[known["digest"].isin(persons.index[persons > 1])]
    if shared.empty:
        return
    pairs = [" = ".join(sorted(group["patient_id"].unique())) for _, group in shared.groupby("digest")]
    got = "; ".join(sorted(set(pairs))[:5]) + f" ({len(pairs)} cines)"
    remedy = "name the pairs that are one person in the sheet of split.links, or exclude the false one"
    raise SplitError("cines.csv", expected="no equal pixels under two patients", got=got, remedy=remedy)


def _units(known: pd.DataFrame, *, scheme: Scheme) -> list[_Unit]:
    key, name = ("digest", "cine_id") if scheme in LEAKY_SCHEMES else ("person", "patient_id")
    return [_unit(group, name=name) for _, group in known.groupby(key, sort=False)]


def _unit(group: pd.DataFrame, *, name: str) -> _Unit:
    first = group.sort_values(["exam_order", "digest"], kind="stable").iloc[0]
    views = Counter(group["view"].dropna())
    return _Unit(
        names=tuple(group[name].unique()),
        cines=tuple(group["cine_id"]),
        pathology=str(first["pathology"]),
        views=tuple(views[view] for view in VIEWS),
        digest=str(group["digest"].min()),
    )


def _kept(units: list[_Unit], *, previous: pd.DataFrame | None, scheme: Scheme, parts: set[str]) -> dict[_Unit, str]:
    """Units that an earlier table assigned. Newly linked patients meet in the hold-out, else in the lowest fold."""
    if previous is None:
        return {}
    rows = previous[(previous["scheme"] == scheme) & previous["part"].isin(parts)]
    column = "cine_id" if scheme in LEAKY_SCHEMES else "patient_id"
    earlier = dict(zip(rows[column], rows["part"], strict=True))
    found = {unit: [earlier[name] for name in unit.names if name in earlier] for unit in units}
    return {unit: min(old, key=lambda part: (part != HOLDOUT, part)) for unit, old in found.items() if old}


def _draw(units: list[_Unit], *, shares: Shares, folds: int, kept: dict[_Unit, str], salt: str) -> dict[_Unit, str]:
    drawn = dict(kept)
    for part, share in shares:
        free = [unit for unit in units if unit not in drawn]
        count = round(share * len(units)) - sum(held == part for held in drawn.values())
        drawn |= dict.fromkeys(_spread(free, count=count, salt=f"{salt}:{part}"), part)
    rest = [unit for unit in units if drawn.get(unit) not in dict(shares)]
    if not folds:
        return drawn | dict.fromkeys([unit for unit in rest if unit not in drawn], "train")
    _refuse_rare(rest, folds=folds)
    return drawn | _balanced(rest, folds=folds, drawn=drawn, salt=salt)


def _refuse_rare(units: list[_Unit], *, folds: int) -> None:
    counts = Counter(unit.pathology for unit in units)
    rare = {name: counts[name] for name in PATHOLOGIES if counts[name] < folds}
    if not rare:
        return
    got = ", ".join(f"{count} of {name}" for name, count in rare.items())
    remedy = "lower split.folds or split.holdout_share, or add patients"
    expected = f"at least {folds} patients of each class outside the hold-out"
    raise SplitError("split.folds", expected=expected, got=got, remedy=remedy)


def _spread(units: list[_Unit], *, count: int, salt: str) -> list[_Unit]:
    """`count` units at equal steps through their order by class and view mix, from a random start."""
    if count <= 0 or not units:
        return []
    ordered = sorted(
        units, key=lambda unit: (PATHOLOGIES.index(unit.pathology), unit.views, _number(salt, unit.digest))
    )
    start, step = _number(salt) / 2**64, len(ordered) / min(count, len(ordered))
    return [ordered[int((index + start) * step)] for index in range(min(count, len(ordered)))]


def _balanced(units: list[_Unit], *, folds: int, drawn: dict[_Unit, str], salt: str) -> dict[_Unit, str]:
    """A fold for each unit: the one with fewest of its class, then fewest of its views, then by chance."""
    rarity = [1 / max(1, sum(unit.views[index] for unit in units)) for index in range(len(VIEWS))]
    classes = {str(fold): Counter[str]() for fold in range(folds)}
    views = {str(fold): [0] * len(VIEWS) for fold in range(folds)}
    placed: dict[_Unit, str] = {}

    def place(unit: _Unit, part: str) -> None:
        placed[unit] = part
        classes[part][unit.pathology] += 1
        views[part] = [old + new for old, new in zip(views[part], unit.views, strict=True)]

    def crowding(unit: _Unit, part: str) -> tuple[float, float, int]:
        crowd = sum(w * new * (2 * old + new) for w, old, new in zip(rarity, views[part], unit.views, strict=True))
        return classes[part][unit.pathology], round(crowd, 9), _number(salt, part, unit.digest)

    for unit in units:
        if unit in drawn:
            place(unit, drawn[unit])
    fresh = [unit for unit in units if unit not in drawn]
    for unit in sorted(fresh, key=lambda unit: (-len(unit.cines), _number(salt, unit.digest))):
        place(unit, min(classes, key=lambda part: crowding(unit, part)))
    return placed


def _table(parts: dict[tuple[str, str], str], *, known: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows by scheme, part, then a draw per pixel digest: an order that no pseudonym enters."""
    rows = known.set_index("cine_id")
    keys = {
        key: (SCHEMES.index(key[0]), part, _number(str(seed), rows["digest"][key[1]])) for key, part in parts.items()
    }
    ordered = sorted(parts, key=lambda key: keys[key])
    records = [
        {"scheme": scheme, "cine_id": cine, "patient_id": rows["patient_id"][cine], "part": parts[scheme, cine]}
        for scheme, cine in ordered
    ]
    return tables.from_rows(records, table=tables.FOLDS)


def _number(*words: str) -> int:
    """A draw of 64 bits that hangs on the words alone."""
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:8], "big")
