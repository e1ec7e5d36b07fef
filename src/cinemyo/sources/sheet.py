"""Labels of the cines: the sheet's rows found again by keyed hash of their identifiers."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from cinemyo import tables
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import Kind, pseudonym
from cinemyo.errors import LabelError
from cinemyo.sources.sheet_file import PAIRS, read_sheet, refuse

__all__ = ["join", "read_sheet"]

DISEASE: Final = ("pathology", "other_class")
"""What a row says of the whole exam of the cines that it names."""
FACTS: Final = tuple(name for name in tables.LABELS.header if name not in ("cine_id", "label_version", *DISEASE))
"""What a row says of the cines that it names."""

_WHERE: Final = "label sheet"
Record = dict[str, Any]


@dataclass(frozen=True)
class _Row:
    """One row of the sheet without its identifiers."""

    number: int
    patient_id: str
    exam_ids: tuple[str, ...]
    """The exam's identifier taken as a StudyInstanceUID and as an AccessionNumber; none where the cell is empty."""
    series_id: str | None
    slice_number: int | None
    facts: Record
    """Cells that are not empty."""

    def text(self) -> str:
        """The row as one line that depends on nothing but what it says."""
        ids = (self.patient_id, self.exam_ids, self.series_id, self.slice_number)
        return json.dumps([ids, sorted(self.facts.items())], default=str)


class _UnmatchedError(Exception):
    """Why a row names no cine."""


def join(cines: pd.DataFrame, sheet: pd.DataFrame, *, key: Key, exclusions: pd.DataFrame | None = None) -> pd.DataFrame:
    """Labels of a cohort to learn from: as `match`, and at least one cine has a pathology or a view.

    Raises:
        LabelError: as `match`, or a sheet that labels nothing.
    """
    labels = match(cines, sheet, key=key, exclusions=exclusions)
    if labels[["pathology", "view"]].isna().all(axis=None):
        raise LabelError(
            _WHERE,
            expected="a pathology or a view for at least one cine",
            got=f"none in {len(sheet)} rows",
            remedy="fill the column pathology or view",
        )
    return labels


def match(
    cines: pd.DataFrame, sheet: pd.DataFrame, *, key: Key, exclusions: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Labels (`tables.LABELS`) of all cines, in their order; a cine that the sheet passes over stays without.

    A row names the cines of its patient, narrowed by exam (StudyInstanceUID or AccessionNumber; not needed where the
    patient has one), series and slice. Its pathology, or other class, holds for their whole exam, all else for the
    cines it names. Rows of what ingest excluded by name are passed over. The sheet's index is told as row numbers.

    Raises:
        LabelError: a row that names no cine, two pathologies (or one and another class) within one exam, two values
            for one cine, or a frame beyond the last.
    """
    rows = [_row(int(number), cells, key=key) for number, cells in zip(sheet.index, _records(sheet), strict=True)]
    named = _named(rows, cines, exclusions, key=key)
    diseases, facts = _diseases(named), _facts(named)
    version = hashlib.sha256("\n".join(sorted(row.text() for row in rows)).encode()).hexdigest()[:12]
    labels = [
        {"cine_id": cine, "label_version": version, **diseases.get(exam, {}), **facts.get(cine, {})}
        for cine, exam in zip(cines["cine_id"], cines["exam_id"], strict=True)
    ]
    return tables.from_rows(labels, table=tables.LABELS)


def _records(frame: pd.DataFrame) -> Iterator[Record]:
    """Cells by column, empty ones left out."""
    for record in frame.to_dict("records"):
        yield {str(name): cell for name, cell in record.items() if not pd.isna(cell)}


def _row(number: int, cells: Record, *, key: Key) -> _Row:
    def hashed(column: str, kind: Kind) -> tuple[str, ...]:
        return (pseudonym(kind, cells[column], key=key),) if column in cells else ()

    return _Row(
        number=number,
        patient_id=pseudonym("patient", cells["patient"], key=key),
        exam_ids=hashed("exam", "exam") + hashed("exam", "accession"),
        series_id=next(iter(hashed("series", "series")), None),
        slice_number=cells.get("slice"),
        facts={name: cells[name] for name in (*DISEASE, *FACTS) if name in cells},
    )


def _left_out(exclusions: pd.DataFrame | None) -> tuple[frozenset[str], Counter[str]]:
    """Pseudonyms of patients and series that ingest left out, and how many cines of each patient it did."""
    if exclusions is None:
        return frozenset(), Counter()
    # an item may carry its code: "s-...:scout"
    items = frozenset(str(item).partition(":")[0] for item in exclusions["item"])
    cines = exclusions.loc[exclusions["level"] == "cine", "patient_id"].dropna()
    return items | frozenset(exclusions["patient_id"].dropna()), Counter(cines)


def _named(
    rows: list[_Row], cines: pd.DataFrame, exclusions: pd.DataFrame | None, *, key: Key
) -> list[tuple[_Row, list[Record]]]:
    """Each row with the cines that it names; rows of what ingest left out name none and are passed over."""
    by_patient: dict[str, list[Record]] = defaultdict(list)
    for record in _records(cines):
        by_patient[record["patient_id"]].append(record)
    left, left_cines = _left_out(exclusions)
    named, faults = [], []
    for row in rows:
        try:
            named.append((row, _cines_of(row, by_patient.get(row.patient_id, []))))
        except _UnmatchedError as why:
            if row.series_id in left or (row.patient_id in left and row.patient_id not in by_patient):
                continue
            # an excluded cine does not say its series: as many rows as the patient lost cines may name one
            if row.patient_id in by_patient and row.series_id and left_cines[row.patient_id] > 0:
                left_cines[row.patient_id] -= 1
                continue
            faults.append(f"row {row.number}: {why}")
    told = [f"{len(faults)} of {len(rows)} rows match none: {faults[0]}", *faults[1:]] if faults else []
    remedy = f"correct the identifiers; a sheet read under another key than ingest's ({key}) would match nothing either"
    refuse(_WHERE, told, expected="identifiers of ingested cines", remedy=remedy)
    return named


def _cines_of(row: _Row, cines: list[Record]) -> list[Record]:
    if not cines:
        raise _UnmatchedError("unknown patient")
    if row.slice_number is not None and row.series_id is None:
        raise _UnmatchedError("a slice without its series")
    if row.exam_ids:
        cines = [cine for cine in cines if {cine["exam_id"], cine.get("accession_id")} & set(row.exam_ids)]
    if not cines:
        raise _UnmatchedError("unknown exam of a known patient")
    if row.series_id is not None:
        cines = [cine for cine in cines if cine["series_id"] == row.series_id]
    if not cines:
        raise _UnmatchedError("unknown series of a known exam")
    if row.slice_number is not None:
        cines = [cine for cine in cines if cine["slice_number"] == row.slice_number]
    if not cines:
        raise _UnmatchedError("unknown slice of a known series")
    if len({cine["exam_id"] for cine in cines}) > 1:
        raise _UnmatchedError("the patient has several exams: name one by its StudyInstanceUID")
    return cines


def _diseases(named: list[tuple[_Row, list[Record]]]) -> dict[str, Record]:
    """Pathology or other class by exam: one of the two, once."""
    said = [
        (cines[0]["exam_id"], row.number, name, row.facts[name])
        for row, cines in named
        for name in DISEASE
        if name in row.facts
    ]
    words = ((exam, row, value if name == "pathology" else f"{name} {value}") for exam, row, name, value in said)
    _agreed(words, of="pathologies within one exam")
    return {exam: {name: value} for exam, _, name, value in said}


def _facts(named: list[tuple[_Row, list[Record]]]) -> dict[str, Record]:
    """All else by cine."""
    _check_frames(named)
    facts: dict[str, Record] = defaultdict(dict)
    for name in FACTS:
        said = (
            (cine["cine_id"], row.number, row.facts[name])
            for row, cines in named
            if name in row.facts
            for cine in cines
        )
        for cine_id, value in _agreed(said, of=f"values of {name} for one cine").items():
            facts[cine_id][name] = value
    return facts


def _agreed(said: Iterable[tuple[str, int, object]], *, of: str) -> dict[str, object]:
    """The one value that all rows give an item."""
    values: dict[str, dict[object, int]] = defaultdict(dict)
    for item, row, value in said:
        values[item].setdefault(value, row)
    faults = [
        "rows " + " and ".join(f"{row} ({value})" for value, row in found.items())
        for found in values.values()
        if len(found) > 1
    ]
    refuse(_WHERE, [f"two {of}: {fault}" for fault in faults], expected=f"no two {of}", remedy="keep the right one")
    return {item: next(iter(found)) for item, found in values.items()}


def _check_frames(named: list[tuple[_Row, list[Record]]]) -> None:
    faults = [
        f"row {row.number}: {name} {row.facts[name]}, of {min(cine['n_frames'] for cine in cines)} frames"
        for row, cines in named
        for name in PAIRS[0]
        if name in row.facts and row.facts[name] >= min(cine["n_frames"] for cine in cines)
    ]
    refuse(_WHERE, faults, expected="indices of frames, counted from 0", remedy="correct them")
