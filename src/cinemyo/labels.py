"""The words of the field that tables, configuration and figures share; class order is fixed here alone."""

from typing import Final, Literal, get_args

Phase = Literal["diastole", "systole"]
View = Literal["vla_left", "vla_right", "four_chamber", "short_axis"]
Pathology = Literal["normal", "hcm", "dcm"]
Target = Literal["pathology", "view"]
Set = Literal["train", "validation", "test", "holdout", "external"]
Scheme = Literal["honest", "paper", "paper_by_input", "paper_holdout"]

PHASES: Final[tuple[Phase, ...]] = get_args(Phase)
VIEWS: Final[tuple[View, ...]] = get_args(View)
PATHOLOGIES: Final[tuple[Pathology, ...]] = get_args(Pathology)
SETS: Final[tuple[Set, ...]] = get_args(Set)
SCHEMES: Final[tuple[Scheme, ...]] = get_args(Scheme)

CLASSES: Final[dict[Target, tuple[str, ...]]] = {"pathology": PATHOLOGIES, "view": VIEWS}

LEAKY_SCHEMES: Final[frozenset[Scheme]] = frozenset({"paper_by_input"})
"""Schemes whose parts share patients; every table that a number of theirs enters says so."""

DISPLAY: Final[dict[str, str]] = {
    "normal": "Normal",
    "hcm": "HCM",
    "dcm": "DCM",
    "vla_left": "VLA, apex left",
    "vla_right": "VLA, apex right",
    "four_chamber": "Four-chamber",
    "short_axis": "Short axis",
    "diastole": "Diastole",
    "systole": "Systole",
}
"""How a class or phase is written in figures and reports."""
