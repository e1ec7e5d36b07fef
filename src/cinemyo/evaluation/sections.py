"""The results section of a study: which tables it has, in the order in which they are read."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cinemyo.evaluation import (
    by_arm,
    by_class,
    calibration,
    controls,
    corrections,
    double_split,
    external,
    heat,
    holdout,
    label_errors,
    leakage,
    metadata,
    predictive,
    readers,
    review_queue,
    robustness,
    sample_size,
    selective,
    subgroups,
    table_1,
    table_2,
    table_3,
    table_4,
)
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.result import ResultTable

Maker = Callable[[Evidence], list[ResultTable]]


@dataclass(frozen=True)
class Section:
    """A part of the results section: its name, its headline, and what makes its tables."""

    name: str
    title: str
    makers: tuple[Maker, ...]


SECTIONS: Final = (
    Section("cohort", "The cohort", (table_1.tables,)),
    Section(
        "paper",
        "The tables of the paper",
        (table_2.tables, table_3.tables, table_4.tables, double_split.tables),
    ),
    Section("performance", "By patient and by cine", (by_arm.tables, by_class.tables, predictive.tables)),
    Section("leakage", "The price of leakage", (leakage.tables,)),
    Section("subgroups", "Subgroups", (subgroups.tables,)),
    Section("calibration", "Calibration and selective answers", (calibration.tables, selective.tables)),
    Section("controls", "Controls for shortcuts", (metadata.tables, controls.tables)),
    Section("robustness", "Robustness to preparation", (robustness.tables,)),
    Section("heat", "Where the heat maps lie", (heat.tables,)),
    Section("readers", "Readers", (readers.tables,)),
    Section("errors", "Label errors and corrections", (label_errors.tables, corrections.tables)),
    Section("holdout", "Hold-out", (holdout.tables,)),
    Section("external", "Supplementary cohort", (external.tables,)),
    Section("sample_size", "Sample size", (sample_size.tables,)),
    Section("preparation", "Preparation", (review_queue.tables,)),
)
"""Source: Germain 2021, §2.4 to §3.7; what follows the paper's own tables departs from it"""


def results_of(evidence: Evidence) -> list[tuple[Section, list[ResultTable]]]:
    """Every table of the study under its section; what the study lacks is a table that says so."""
    return [(section, [table for maker in section.makers for table in maker(evidence)]) for section in SECTIONS]


def contents(results: Sequence[tuple[Section, list[ResultTable]]]) -> bytes:
    """`contents.json`: section, name, title and note of each table in the order of the page."""
    entries = [
        {
            "section": section.name,
            "section_title": section.title,
            "name": table.name,
            "title": table.title,
            "note": table.note,
        }
        for section, found in results
        for table in found
    ]
    return (json.dumps(entries, indent=1, ensure_ascii=False) + "\n").encode()
