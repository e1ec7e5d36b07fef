"""What stays of a patient who withdrew: a keyed code on the study's sheet, by which ingest refuses the patient."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from cinemyo import schema
from cinemyo.audit.withdraw.asked import Asked
from cinemyo.deid.refusals import read_refusals, refusal
from cinemyo.sheets import WITHDRAWN


def refusals_of(asked: Asked) -> list[str]:
    """The code of each number of the person."""
    return [refusal(patient, key=asked.key) for patient in sorted(asked.patients)]


def refused_already(codes: Sequence[str], *, sheet: Path, asked: Asked) -> list[str]:
    """Those of the codes that stand on the sheet.

    Raises:
        TableError: the sheet is absent or broken.
        IdentityKeyError: the sheet holds codes of another key.
    """
    known = read_refusals(sheet, key=asked.key).codes
    return [code for code in codes if code in known]


def add(codes: Sequence[str], *, sheet: Path, asked: Asked, on: date) -> None:
    """Adds codes that are not there yet at the end of the sheet, whose earlier bytes stay as they are."""
    known = set(refused_already(codes, sheet=sheet, asked=asked))
    facts = {"key_id": asked.key.id, "reason": asked.reason, "role": asked.role, "withdrawn_on": on.isoformat()}
    rows = [{"refusal": code, **facts} for code in codes if code not in known]
    if not rows:
        return
    checked = schema.check(schema.from_rows(rows, table=WITHDRAWN), table=WITHDRAWN, where=str(sheet))
    before = sheet.read_bytes()
    before += b"" if before.endswith(b"\n") else b"\n"
    added = checked[WITHDRAWN.header].to_csv(index=False, header=False, lineterminator="\n")
    schema.write_bytes(sheet, before + added.encode())
