"""The sheet of a public release: what it tells of each patient, by the release's own identifier."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

from cinemyo.deid.ages import OLDEST_YEARS
from cinemyo.errors import SourceError

LARGEST_BYTES: Final = 64 * 1024 * 1024
"""M&Ms-2's sheet carries a million empty rows, a few megabytes."""
_OLDEST_PERSON: Final = 130.0

Row = Mapping[str, str]


def read_rows(path: Path, *, columns: Iterable[str], key: str) -> dict[str, tuple[Row, ...]]:
    """The rows of a comma-separated sheet by identifier, cells stripped; empty rows and other columns are passed over.

    Raises:
        SourceError: the sheet cannot be read, is far too large, or lacks a column.
    """
    wanted = tuple(columns)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise _fault(f"a sheet of at most {LARGEST_BYTES} bytes", "a larger one")
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            lines = csv.reader(file)
            header = [name.strip() for name in next(lines, [])]
            missing = [name for name in wanted if name not in header]
            if missing:
                raise _fault(f"the columns {', '.join(wanted)}", f"no {missing[0]}")
            places = {name: header.index(name) for name in wanted}
            rows = [
                {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
                for cells in lines
                if any(cell.strip() for cell in cells)
            ]
    except (OSError, csv.Error) as error:
        raise _fault("a comma-separated sheet", str(error.strerror if isinstance(error, OSError) else error)) from None
    found: dict[str, tuple[Row, ...]] = {}
    for row in rows:
        if row[key]:
            found[row[key]] = (*found.get(row[key], ()), row)
    return found


def whole_years(cell: str) -> int | None:
    """Whole years, 90 for 90 and above; None for what is no age.

    Source: 45 CFR 164.514(b)(2)(i)(C)
    """
    try:
        years = float(cell)
    except ValueError:
        return None
    return min(OLDEST_YEARS, int(years)) if 0 <= years <= _OLDEST_PERSON else None


def sex_of(cell: str) -> Literal["F", "M"] | None:
    """F or M from a letter or a word; None for all else."""
    letter = cell[:1].upper()
    if letter == "F":
        return "F"
    return "M" if letter == "M" else None


def frame_index(cell: str) -> int | None:
    """A frame number from 0; None for what is none. Spreadsheets write 24 as 24.0."""
    try:
        number = float(cell)
    except ValueError:
        return None
    return int(number) if number.is_integer() and 0 <= number < LARGEST_BYTES else None


def word(group: str) -> str:
    """A group's name as a word of small letters, digits and underscores."""
    return "_".join("".join(letter if letter.isalnum() else " " for letter in group.lower()).split())


def _fault(expected: str, got: str) -> SourceError:
    return SourceError(
        "sheet of the release",
        expected=expected,
        got=got,
        remedy="take the sheet as it was released, beside the images",
    )
