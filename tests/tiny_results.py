"""Result tables, their list of contents and figures of the tiny study, as the stage evaluate leaves them."""

import json
from typing import Any

import pandas as pd

from cinemyo import tables
from cinemyo.evaluation.result import ResultTable
from cinemyo.layout import Layout

STANDING = "synthetic phantoms; split by patient; Synthetic phantoms & nothing else"
LEAKY = "synthetic phantoms; leaky: split by input; Synthetic phantoms & nothing else"

CLASS_FIGURES: dict[str, Any] = {
    "patient_sensitivity": {"hcm": 0.9, "hcm_interval": [0.555, 0.997], "dcm": None, "dcm_reason": "no case of dcm"},
    "patient_specificity": {"hcm": 0.75, "hcm_interval": [0.4, 0.94], "dcm": 1.0, "dcm_interval": [0.5, 1.0]},
    "patient_missed_disease": {
        "hcm_or_dcm": {"n": 2, "missed": 1, "share": 0.5, "share_interval": [0.013, 0.987]},
        "hcm": {"n": 1, "missed": 1, "share": 1.0, "share_interval": [0.025, 1.0]},
        "dcm": {"n": 0, "missed": 0, "share": None, "share_reason": "no case of dcm"},
    },
}
"""Keys of `metrics.json` by patient and class; one class has no case."""


def write(layout: Layout) -> None:
    """Writes tables, contents and the lock file that the reports point to."""
    contents = []
    for (section, section_title), made in result_tables().items():
        for table in made:
            tables.write_bytes(layout.tables / f"{table.name}.csv", table.csv())
            contents.append(
                {
                    "section": section,
                    "section_title": section_title,
                    "name": table.name,
                    "title": table.title,
                    "note": table.note,
                }
            )
    tables.write_bytes(layout.contents, json.dumps(contents).encode())
    tables.write_bytes(layout.base / "requirements.lock", b"numpy==2.4.0\n")


def result_tables() -> dict[tuple[str, str], list[ResultTable]]:
    """Tables by section and its title, in reading order."""
    absent = {
        name: ResultTable.absent(name, title=title, needs="add arms X")
        for name, title in (
            ("robustness", "Robustness to preparation"),
            ("external", "Supplementary cohort: accuracy"),
            ("external_difference", "Supplementary cohort against the test folds"),
            ("leakage", "One model, split by patient and by input"),
        )
    }
    return {
        ("paper", "The paper's tables"): [
            table("table_1", characteristic=["age"], all_patients=[47.25], p_patients=[0.04321]),
            table(
                "table_2",
                note="p: corrected t; table_1 has the cohort.",
                arm=["dual"],
                accuracy_mean=[0.7512345],
                accuracy_sd=[0.05],
                p=[0.0000123],
                standing=[STANDING],
            ),
        ],
        ("performance", "Performance"): [
            table("arms", arm=["dual", "view_systole"], accuracy=[0.8, 0.9], standing=[STANDING, STANDING]),
            table(
                "classes",
                **{"arm": ["dual", "dual"], "class": ["hcm", "dcm"], "n": [3, 0], "reason": ["", "no case of dcm"]},
                **shares("sensitivity", [0.9, None]),
                standing=[STANDING, STANDING],
            ),
            table("missed_disease", arm=["dual"], disease=["hcm or dcm"], n=[2], **shares("share", [0.5])),
        ],
        ("leakage", "The price of leakage"): [
            absent["leakage"],
            table(
                "leakage_arms",
                arm=["dual", "dual"],
                cines_per_patient=["all", "1"],
                n=[16, 4],
                n_patients=[8, 4],
                accuracy_by_patient=[0.75, 0.7],
                accuracy_by_input=[0.9, 0.7],
                gap=[0.15, 0.0],
                gap_low=[0.05, -0.2],
                gap_high=[0.25, 0.2],
                standing=[LEAKY, LEAKY],
            ),
        ],
        ("calibration", "Calibration"): [table("calibration", arm=["dual"], nll=[0.5])],
        ("subgroups", "Subgroups"): [
            table("subgroups", arm=["dual"] * 10 + ["view_systole"] * 10, accuracy=[0.5] * 20, attribute=["sex"] * 20)
        ],
        ("controls", "Shortcut controls"): [table("metadata", arm=["dual"], accuracy=[0.4])],
        ("robustness", "Robustness"): [absent["robustness"]],
        ("novel", "A section of its own"): [table("novel", arm=["dual"], an_unknown_name=["a <b> c"])],
        ("external", "Supplementary cohort"): [absent["external"], absent["external_difference"]],
        ("sample_size", "Sample size"): [table("sample_size", arm=["dual"], patients_needed=[734])],
    }


def table(name: str, *, note: str = "", **columns: Any) -> ResultTable:
    """A result table of these columns."""
    return ResultTable(name, name.replace("_", " ").capitalize(), pd.DataFrame(columns), note=note)


def shares(name: str, values: list[float | None]) -> dict[str, list[float | None]]:
    """A share with ends a tenth away; nothing beside nothing."""
    ends = {"_low": -0.1, "_high": 0.1}
    apart = {f"{name}{end}": [None if value is None else value + by for value in values] for end, by in ends.items()}
    return {name: values, **apart}
