"""Writes docs/reference.md from the schemas, so that the documentation of the tables cannot drift from them."""

from pathlib import Path

from cinemyo import measures, sheets, tables
from cinemyo.schema import Column, Table
from cinemyo.sources.dicom_codes import REASONS

TARGET = Path(__file__).parent / "reference.md"
WRITERS = {
    "CINES": ("data/<study>/cines.csv", "ingest"),
    "SOURCES": ("data/<study>/sources.parquet", "ingest"),
    "EXCLUSIONS": ("data/<study>/exclusions.csv, prepared/<recipe>/exclusions.csv", "ingest, prepare"),
    "SHEET": ("the label sheet that a hospital writes", "people"),
    "LABELS": ("data/<study>/labels.csv", "label"),
    "REGIONS": ("data/<study>/regions.csv", "locate"),
    "PHASE_TABLE": ("data/<study>/phases.csv", "locate"),
    "PREPARED": ("data/<study>/prepared/<recipe>/prepared.csv", "prepare"),
    "FOLDS": ("data/<study>/folds.csv", "split"),
    "HISTORY": ("data/<study>/history/<arm>.csv", "train"),
    "ATTENTION": ("data/<study>/attention/<arm>.csv", "explain"),
}

SHEETS = {
    "READERS": ("data/readers.csv", "`cinemyo readers collect`"),
    "ANSWERS": ("answers.csv of a reading set", "the reader"),
    "READING_KEY": ("<reading set>.key.csv", "`cinemyo readers export`"),
    "CORRECTIONS": ("data/corrections.csv", "people"),
    "OPENINGS": ("conf/openings/<study>.csv", "`cinemyo holdout open`"),
    "CONSENTS": ("the sheet that oversight.consents names", "people"),
    "WITHDRAWN": ("conf/oversight/withdrawn_<study>.csv", "`cinemyo audit withdraw`"),
}


def described(column: Column) -> str:
    """A column as a row of Markdown."""
    bounds = [f"from {column.low:g}"] if column.low is not None else []
    bounds += [f"to {column.high:g}"] if column.high is not None else []
    rule = ", ".join(column.among) or " ".join(bounds) or ("a pseudonym" if column.pattern == tables.ID else "")
    return f"| {column.name} | {column.kind} | {'may be empty' if column.nullable else ''} | {rule} |"


def section(table: Table, *, place: str, writer: str) -> str:
    """A table as a section of Markdown."""
    lines = [
        f"## {table.name}",
        "",
        f"`{place}`, written by {writer}; unique by {', '.join(table.key) or 'nothing'}.",
        "",
    ]
    lines += ["| column | kind | | values |", "|---|---|---|---|", *(described(column) for column in table.columns)]
    return "\n".join(lines) + "\n"


def text() -> str:
    """The whole page."""
    parts = [
        "# Reference: tables\n\nMade by `python -m docs.tables` from `tables.py`, `measures.py` and `sheets.py`;\n"
        "a test compares.\n"
    ]
    parts += [section(getattr(tables, name), place=place, writer=writer) for name, (place, writer) in WRITERS.items()]
    place = "data/<study>/predictions/<arm>.csv"
    parts.append(section(tables.predictions("pathology"), place=place, writer="train"))
    place = "data/<study>/predictions/holdout/<arm>.csv, predictions/external/<arm>.csv"
    parts.append(f"Of the same form: `{place}`, a row per cine and fold, written by holdout and predict.\n")
    parts.append(
        section(measures.robustness("pathology"), place="data/<study>/robustness/<arm>.csv", writer="robustness")
    )
    parts.append(section(measures.LEAKAGE, place="data/<study>/leakage.parquet", writer="leakage"))
    parts += [section(getattr(sheets, name), place=place, writer=writer) for name, (place, writer) in SHEETS.items()]
    codes = [f"| `{code}` | {reason} |" for code, reason in sorted(REASONS.items())]
    parts.append(
        "\n".join(["## Exclusion codes of DICOM sources", "", "| code | reason |", "|---|---|", *codes]) + "\n"
    )
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
