"""Table E.1-1 of PS3.15: what the standard's Basic Profile does with each attribute that may identify someone."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

EDITION: Final = "2026c"
"""Of the attributes and of the Basic column, as dicom-anonymizer 2.1.0 (BSD-3-Clause) has them.

The columns of the options are older and partial: they are those of dicom-standard 0.1.0 by Innolitics (MIT, April
2020; it names no edition), for the 432 rows that it has, private attributes among them. The other 224 rows have
empty cells there and no `options_edition`: for them the table says nothing of the options. Keywords are pydicom's;
where its dictionary has none, the attribute's name without blanks. Nothing is taken from elsewhere. The notices of
both lie beside the table, in `ps3_15_table_e1_1.LICENSES.txt`.

Source: DICOM PS3.15, Table E.1-1
"""

OPTIONS: Final = (
    *("safe_private", "uids", "device", "institution", "patient"),
    *("full_dates", "modified_dates", "descriptors", "structured", "graphics"),
)
_FILE: Final = "ps3_15_table_e1_1.csv"
_PRIVATE: Final = "PRIVATE"
_DIGITS: Final = 8


@dataclass(frozen=True)
class Rule:
    """One row: an attribute, what the Basic Profile does with it, and what each option does instead."""

    tag: str
    """Eight hexadecimal digits, X for any digit of a repeating group, or PRIVATE."""
    keyword: str
    basic: str
    """X remove, Z empty, D replace, U a new UID; several where the kind of object decides."""
    options: dict[str, str]
    """K keep, C clean, X remove, by name of the option; options without a say are left out. Empty is no denial where
    the row came after 2020."""

    def covers(self, tag: int) -> bool:
        """Whether the row is about this tag."""
        if self.tag == _PRIVATE:
            return bool((tag >> 16) % 2)
        pairs = zip(self.tag, f"{tag:08X}", strict=True)
        return all(own in {"X", digit} for own, digit in pairs)


@cache
def rules() -> tuple[Rule, ...]:
    """Every row of the table."""
    return tuple(_rows())


@cache
def listed() -> frozenset[str]:
    """Keywords of all attributes in the table, repeating groups aside."""
    return frozenset(rule.keyword for rule in rules() if rule.keyword and "X" not in rule.tag)


def rule_of(tag: int) -> Rule | None:
    """The row about this tag, or None where the table has none."""
    return next((rule for rule in rules() if rule.covers(tag)), None)


def _rows() -> Iterator[Rule]:
    text = resources.files("cinemyo.deid").joinpath(_FILE).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield Rule(row["tag"], row["keyword"], row["basic"], {name: row[name] for name in OPTIONS if row[name]})
