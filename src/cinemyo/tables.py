"""The tables between stages: their columns, keys and ranges, checked on write and on read."""

import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.parquet as pq

from cinemyo.errors import TableError
from cinemyo.labels import CLASSES, PATHOLOGIES, PHASES, SCHEMES, SETS, VIEWS, Target

ID: Final = r"^[a-z]-[a-z2-7]{16}$"
"""A pseudonym: a letter for its kind (p patient, e exam, s series, c cine, d scanner), then 80 bits in base32."""

KINDS: Final[dict[str, str]] = {"text": "str", "integer": "Int64", "number": "Float64", "flag": "boolean"}


@dataclass(frozen=True)
class Column:
    """One column: its kind and what a cell may hold."""

    name: str
    kind: str
    nullable: bool = False
    among: tuple[str, ...] = ()
    pattern: str | None = None
    low: float | None = None
    high: float | None = None

    def schema(self) -> pa.Column:
        """The pandera column."""
        checks = [pa.Check.isin(self.among)] if self.among else []
        checks += [pa.Check.str_matches(self.pattern)] if self.pattern else []
        checks += [pa.Check.ge(self.low)] if self.low is not None else []
        checks += [pa.Check.le(self.high)] if self.high is not None else []
        return pa.Column(KINDS[self.kind], checks, nullable=self.nullable)


def text(name: str, **rest: Any) -> Column:
    """A column of text."""
    return Column(name, "text", **rest)


def integer(name: str, **rest: Any) -> Column:
    """A column of whole numbers."""
    return Column(name, "integer", **rest)


def number(name: str, **rest: Any) -> Column:
    """A column of finite numbers."""
    return Column(name, "number", **rest)


def flag(name: str, **rest: Any) -> Column:
    """A column of true and false."""
    return Column(name, "flag", **rest)


def share(name: str, **rest: Any) -> Column:
    """A column of numbers from 0 to 1."""
    return Column(name, "number", low=0, high=1, **rest)


@dataclass(frozen=True)
class Table:
    """A table: its name, columns in order, and the columns that make a row unique."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def header(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def schema(self) -> pa.DataFrameSchema:
        """The pandera schema: exact columns, types, ranges and unique key."""
        columns = {column.name: column.schema() for column in self.columns}
        return pa.DataFrameSchema(columns, strict=True, ordered=True, unique=list(self.key) or None)


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
        text("source", among=("dicom", "acdc")),
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
        text("code", pattern=r"^[a-z][a-z0-9_]*$"),
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
        text("view", nullable=True, among=VIEWS),
        *_ANNOTATIONS,
    ),
    (),
)
"""What a hospital writes: its own identifiers (patient; exam = StudyInstanceUID or AccessionNumber; series =
SeriesInstanceUID; slice = 1-based position in a mixed series), and what it knows. Only `patient` is required; absent
optional columns are taken as empty."""

LABELS: Final = Table(
    "labels",
    (
        _CINE,
        text("pathology", nullable=True, among=PATHOLOGIES),
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
        share("lv_share", nullable=True),
        share("heart_share", nullable=True),
        number("lv_concentration", nullable=True, low=0),
        number("heart_concentration", nullable=True, low=0),
        number("centroid_distance_mm", nullable=True, low=0),
        number("cell_mm", low=0),
        text("heart_from", among=("mask", "disc")),
        text("code", among=("ok", "no_heat", "too_coarse")),
    ),
    ("arm", "cine_id", "phase", "class"),
)
"""Shares of heat inside left ventricle and heart; concentration is that share divided by the share of area."""


def predictions(target: Target) -> Table:
    """The predictions of an arm: one row per cine and fold that answered it, a probability per class."""
    classes = CLASSES[target]
    columns = (_CINE, integer("fold", low=0), text("set", among=SETS), text("truth", nullable=True, among=classes))
    return Table("predictions", columns + tuple(share(f"p_{name}") for name in classes), ("cine_id", "fold"))


def check(frame: pd.DataFrame, *, table: Table, where: str) -> pd.DataFrame:
    """The frame with the table's exact types, or a refusal that lists the first five faults and counts all.

    Raises:
        TableError: unknown, missing, duplicate, mistyped or out-of-range columns or cells.
    """
    if list(frame.columns) != table.header:
        missing = [name for name in table.header if name not in frame.columns]
        unknown = [name for name in frame.columns if name not in table.header]
        got = f"missing {missing}, unknown {unknown}" if missing or unknown else f"order {list(frame.columns)}"
        raise TableError(
            where, expected=f"columns {', '.join(table.header)}", got=got, remedy="correct the header line"
        )
    try:
        typed = frame.astype({column.name: KINDS[column.kind] for column in table.columns})
        return table.schema().validate(typed.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        shown = [_sentence(case) for case in cases.head(5).to_dict("records")]
        more = f" and {len(cases) - 5} more" if len(cases) > 5 else ""
        expected = f"a valid table of {table.name} with unique {', '.join(table.key)}"
        raise TableError(where, expected=expected, got="; ".join(shown) + more, remedy="correct these rows") from None
    except (ValueError, TypeError) as error:
        raise TableError(
            where, expected=f"the types of {table.name}", got=str(error), remedy="correct the cell"
        ) from None


def _sentence(case: dict[Any, Any]) -> str:
    row = "" if pd.isna(case["index"]) else f"row {int(case['index']) + 2}, "
    return f"{row}column {case['column']}: {case['failure_case']!r} fails {case['check']}"


def read(path: Path, *, table: Table) -> pd.DataFrame:
    """The checked table in a CSV or Parquet file, rows in file order.

    Raises:
        TableError: no file, or a fault in it, with file, row, column and value.
    """
    if not path.is_file():
        raise TableError(str(path), expected=f"the table {table.name}", got="no file", remedy="run the stage before it")
    if path.suffix == ".parquet":
        frame = pd.read_parquet(path)
    else:
        frame = read_text(path)
        for column in table.columns:
            if column.name in frame and column.kind != "text":
                frame[column.name] = _parsed(frame[column.name], column, path)
    return check(frame, table=table, where=str(path))


def read_text(path: Path) -> pd.DataFrame:
    """A CSV as text cells, empty cells as missing; a byte order mark is accepted."""
    return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""], encoding="utf-8-sig")


def _parsed(cells: pd.Series, column: Column, path: Path) -> pd.Series:
    if column.kind == "flag":
        values = cells.str.strip().str.lower().map({"true": True, "false": False, "1": True, "0": False})
    else:
        values = pd.to_numeric(cells, errors="coerce")
    bad = cells[values.isna() & cells.notna()]
    if len(bad):
        got = "; ".join(f"row {index + 2}: {value!r}" for index, value in list(bad.items())[:5])
        raise TableError(
            f"{path}, column {column.name}", expected=f"a {column.kind}", got=got, remedy=f"correct {len(bad)} cells"
        )
    return values.astype(KINDS[column.kind])


def write(frame: pd.DataFrame, *, table: Table, path: Path) -> None:
    """Writes the checked table, whole or not at all; the ending decides CSV or Parquet.

    Raises:
        TableError: the frame breaks the schema; nothing is written.
    """
    checked = check(frame[table.header], table=table, where=str(path))
    if path.suffix == ".parquet":
        write_bytes(path, _parquet(checked))
    else:
        write_bytes(path, checked.to_csv(index=False, lineterminator="\n").encode())


def _parquet(frame: pd.DataFrame) -> bytes:
    # without the metadata in which pandas names its version
    sink = io.BytesIO()
    pq.write_table(pyarrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None), sink)
    return sink.getvalue()


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file through a temporary one beside it, so that a crash or a full disk leaves no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def from_rows(rows: Sequence[dict[str, Any]], *, table: Table) -> pd.DataFrame:
    """A frame of the table's columns and types from records; absent nullable cells become missing."""
    frame = pd.DataFrame.from_records(list(rows), columns=table.header)
    return frame.astype({column.name: KINDS[column.kind] for column in table.columns})
