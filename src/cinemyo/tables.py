"""The tables between stages: their columns, keys and ranges."""

from dataclasses import replace
from typing import Final

from cinemyo.labels import CLASSES, PATHOLOGIES, PHASES, SCHEMES, SETS, VIEWS, Target
from cinemyo.schema import (
    KINDS,
    Column,
    Table,
    check,
    flag,
    from_rows,
    integer,
    number,
    read,
    read_text,
    share,
    text,
    write,
    write_bytes,
)

__all__ = [
    "KINDS",
    "Column",
    "Table",
    "check",
    "flag",
    "from_rows",
    "integer",
    "number",
    "read",
    "read_text",
    "share",
    "text",
    "write",
    "write_bytes",
]

ID: Final = r"^[a-z]-[a-z2-7]{16}$"
"""A pseudonym: a letter for its kind (p patient, e exam, s series, c cine, d scanner), then 80 bits in base32."""

CODE: Final = r"^[a-z][a-z0-9_]*$"
"""A word that people choose: small letters, digits, underscores."""

_CINE = text("cine_id", pattern=ID)
_PATIENT = text("patient_id", pattern=ID)
_GEOMETRY = ("row_cosine", "column_cosine", "position")

CINES: Final = Table(
    "cines",
    (
        _CINE,
        _PATIENT,
        text("exam_id", pattern=ID),
        text("accession_id", pattern=ID, nullable=True),
        text("series_id", pattern=ID),
        integer("exam_order", low=1),
        integer("slice_number", low=1),
        text("source", among=("dicom", "acdc", "mnms", "mnms2", "sunnybrook", "nifti")),
        text("sex", nullable=True, among=("F", "M")),
        integer("age_years", nullable=True, low=0, high=90),
        text("scanner"),
        integer("n_frames", low=1),
        integer("rows", low=1),
        integer("columns", low=1),
        number("row_spacing_mm", low=0.1, high=10),
        number("column_spacing_mm", low=0.1, high=10),
        number("trigger_start_ms", nullable=True),
        number("trigger_end_ms", nullable=True),
        number("rr_ms", nullable=True, low=0),
        text("phase_key"),
        *(number(f"{name}_{axis}") for name in _GEOMETRY for axis in "xyz"),
        text("transfer_syntax", nullable=True),
        text("decoder", nullable=True),
        flag("lossy", nullable=True),
        share("cine_score", nullable=True),
        text("cine_evidence", nullable=True),
        text("geometry_view", nullable=True, among=(*VIEWS, "other")),
        number("geometry_margin_degrees", nullable=True, low=0),
        share("text_score", nullable=True),
        text("digest", pattern=r"^[0-9a-f]{64}$"),
    ),
    ("cine_id",),
)
"""One row per cine. Cosines are of the direction in which a row (column) index grows along the image, patient
coordinates (LPS); position is the centre of the first pixel in mm. Scanner is a keyed code."""

SOURCES: Final = Table(
    "sources",
    (
        text("file", pattern=r"^[0-9a-f]{32}$"),
        text("digest", pattern=r"^[0-9a-f]{64}$"),
        integer("bytes", low=0),
        text("cine_id", pattern=ID, nullable=True),
        text("code", nullable=True),
    ),
    ("file",),
)
"""One row per file found: keyed HMACs of its relative name and of its bytes, and the cine it is in or the code that
excluded it."""

EXCLUSIONS: Final = Table(
    "exclusions",
    (
        text("item"),
        text("patient_id", pattern=ID, nullable=True),
        text("level", among=("file", "series", "cine", "exam", "patient")),
        text("code", pattern=CODE),
        text("reason"),
        integer("n_files", low=0),
    ),
    ("item",),
)
"""One row per excluded item. `item` is a pseudonym or a keyed hash, never a file name."""

_ANNOTATIONS = (
    integer("diastole_index", nullable=True, low=0),
    integer("systole_index", nullable=True, low=0),
    number("centre_row_mm", nullable=True),
    number("centre_column_mm", nullable=True),
    number("window_low", nullable=True),
    number("window_high", nullable=True),
    flag("typical", nullable=True),
    flag("post_contrast", nullable=True),
    flag("effusion", nullable=True),
    number("wall_mm", nullable=True, low=0, high=60),
    number("edd_mm", nullable=True, low=0, high=150),
    number("ef_percent", nullable=True, low=0, high=100),
    text("consent_basis", nullable=True),
)

SHEET: Final = Table(
    "label sheet",
    (
        text("patient"),
        text("exam", nullable=True),
        text("series", nullable=True),
        integer("slice", nullable=True, low=1),
        text("pathology", nullable=True, among=PATHOLOGIES),
        text("other_class", nullable=True, pattern=CODE),
        text("view", nullable=True, among=VIEWS),
        *_ANNOTATIONS,
    ),
    (),
)
"""What a hospital writes: its own identifiers (patient; exam = StudyInstanceUID or AccessionNumber; series =
SeriesInstanceUID; slice = 1-based position in a mixed series), and what it knows. Only `patient` is required; absent
optional columns are taken as empty. `other_class` names a disease that no class stands for, in place of a pathology."""

LABELS: Final = Table(
    "labels",
    (
        _CINE,
        text("pathology", nullable=True, among=PATHOLOGIES),
        text("other_class", nullable=True, pattern=CODE),
        text("view", nullable=True, among=VIEWS),
        text("label_version"),
        *_ANNOTATIONS,
    ),
    ("cine_id",),
)

REGIONS: Final = Table(
    "regions",
    (
        _CINE,
        number("centre_row_mm"),
        number("centre_column_mm"),
        text("centre_method"),
        share("centre_confidence"),
        flag("centre_annotated"),
        number("window_low"),
        number("window_high"),
        text("window_method"),
        share("window_confidence"),
        flag("window_annotated"),
        flag("review"),
    ),
    ("cine_id",),
)
"""Centre in mm from the centre of the first pixel, down the rows and along the columns; window in stored values."""

PHASE_TABLE: Final = Table(
    "phases",
    (
        _CINE,
        integer("diastole_index", low=0),
        integer("systole_index", low=0),
        number("systole_ms", nullable=True),
        text("method"),
        share("confidence"),
        flag("annotated"),
        flag("review"),
    ),
    ("cine_id",),
)
"""Frame indices from 0; `systole_ms` after the R wave."""

PREPARED: Final = Table(
    "prepared",
    (
        _CINE,
        number("pixel_mm", low=0.1, high=10),
        integer("canvas_px", low=1),
        number("centre_row_px"),
        number("centre_column_px"),
        share("padding_share"),
        share("clipped_share"),
    ),
    ("cine_id",),
)
"""Centre of the left ventricle in canvas pixels from the centre of the first; padding is the share of the canvas
outside the image, clipped the share of image pixels above the window."""

FOLDS: Final = Table(
    "folds",
    (text("scheme", among=SCHEMES), _CINE, _PATIENT, text("part")),
    ("scheme", "cine_id"),
)

HISTORY: Final = Table(
    "history",
    (
        integer("fold", low=0),
        integer("epoch", low=1),
        number("train_loss", low=0),
        share("train_accuracy"),
        number("validation_loss", nullable=True, low=0),
        share("validation_accuracy", nullable=True),
        number("learning_rate", low=0),
        flag("selected"),
    ),
    ("fold", "epoch"),
)

VERDICTS: Final = ("heart", "outside", "undecided", "too_coarse", "no_heat")
_HEAT = (
    share("lv_share", nullable=True),
    share("heart_share", nullable=True),
    number("lv_concentration", nullable=True, low=0),
    number("heart_concentration", nullable=True, low=0),
    flag("peak_in_heart", nullable=True),
    number("centroid_distance_mm", nullable=True, low=0),
    text("code", among=("ok", "no_heat", "too_coarse")),
    number("random_likeness", nullable=True, low=-1, high=1),
    share("hotness", nullable=True),
)

ATTENTION: Final = Table(
    "attention",
    (
        text("arm"),
        _CINE,
        text("fold"),
        text("phase", among=PHASES),
        text("class"),
        flag("is_predicted"),
        flag("is_true"),
        number("cell_mm", low=0),
        text("heart_from", among=("mask", "disc")),
        number("gaussian_concentration", nullable=True, low=0),
        *_HEAT,
        *(replace(column, name=f"activation_{column.name}") for column in _HEAT),
        share("probability"),
        share("kept_heart", nullable=True),
        share("kept_background", nullable=True),
        integer("donors", low=0),
        text("verdict", among=VERDICTS),
    ),
    ("arm", "cine_id", "phase", "class"),
)
"""Grad-CAM by cine, phase and class, and under `activation_` gradient x activation: shares of heat inside left
ventricle and heart; concentration is that share divided by the share of area, likeness Spearman's correlation with the
map of a network without training, hotness the heat of the heart's hottest place over that of the hottest of all.
Probability is that of the class, as it is and, in the mean over donors, where the heart or the background alone was
kept. Equal in all phases of a cine: hotness, probabilities, donors and verdict."""


def predictions(target: Target) -> Table:
    """The predictions of an arm: one row per cine and fold that answered it, a probability per class."""
    classes = CLASSES[target]
    columns = (_CINE, integer("fold", low=0), text("set", among=SETS), text("truth", nullable=True, among=classes))
    return Table("predictions", columns + tuple(share(f"p_{name}") for name in classes), ("cine_id", "fold"))
