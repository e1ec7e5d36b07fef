"""What a study holds of each patient: cines, source files, labels, parts and exclusions, to be committed to."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.layout import Layout
from cinemyo.schema import read
from cinemyo.sheets import CONSENTS
from cinemyo.sources.keyed import key_of

Content = dict[str, Any]
LABELS: Final = tuple(column.name for column in tables.LABELS.columns if column.name != "cine_id")


def topic_of(study: str) -> str:
    """The topic of the commitments to the patients of a study."""
    return f"patient {study}"


def contents(params: Params, *, layout: Layout) -> dict[str, Content]:
    """What is known of each patient (pseudonym) of a cohort, from the tables that are there.

    Cines with their digest, labels, part by scheme, and the keyed digest of each source file by its keyed name; what
    was excluded; on which basis the patient is in the study, and when a list of oppositions was last checked.

    Raises:
        IdentityKeyError: the sheet of consents names patients and the key is not at hand.
    """
    cines = _frame(layout.cines, ("cine_id", "patient_id", "digest"))
    owner = dict(zip(cines["cine_id"], cines["patient_id"], strict=True))
    study = {"study": layout.study, "topic": topic_of(layout.study)}
    basis = {"basis": params.oversight.consent_basis, "opposition_checked": None}
    found: dict[str, Content] = {
        patient: {**study, "patient_id": patient, "cines": {}, "excluded": [], "consent": basis}
        for patient in sorted(set(owner.values()))
    }
    files, labels, parts = _files(layout), labels_by_cine(layout.labels), _parts(layout)
    for cine, patient, digest in cines.itertuples(index=False):
        own = {"digest": digest, "files": files[cine], "labels": labels.get(cine, {}), "parts": parts[cine]}
        found[patient]["cines"][cine] = own
    for item, excluded, level, code in _frame(layout.exclusions, ("item", "patient_id", "level", "code")).itertuples(
        index=False
    ):
        if excluded is not None:
            empty = {**study, "patient_id": excluded, "cines": {}, "excluded": [], "consent": basis}
            found.setdefault(excluded, empty)["excluded"].append({"item": item, "level": level, "code": code})
    for patient, consent in consents(params, base=layout.base).items():
        if patient in found:
            found[patient]["consent"] = consent
    return found


def labels_by_cine(path: Path) -> dict[str, dict[str, str]]:
    """The cells of `labels.csv` that are not empty, as text, by cine."""
    frame = _frame(path, ("cine_id", *LABELS))
    names = list(frame.columns)[1:]
    return {
        row[0]: {name: cell for name, cell in zip(names, row[1:], strict=True) if cell is not None}
        for row in frame.itertuples(index=False)
    }


def label_version(path: Path) -> str:
    """The version of a table of labels; several are joined; empty without the table."""
    return "+".join(sorted({cell for cell in _frame(path, ("label_version",))["label_version"] if cell is not None}))


def consents(params: Params, *, base: Path) -> dict[str, dict[str, str | None]]:
    """Basis and day of the last check of those whom the sheet of consents names, by pseudonym.

    Raises:
        IdentityKeyError: the sheet names patients and the key is not at hand.
    """
    path = base / params.oversight.consents
    sheet = read(path, table=CONSENTS) if path.is_file() else tables.from_rows([], table=CONSENTS)
    if sheet.empty:
        return {}
    key = key_of(params.source).asking()
    return {
        pseudonym("patient", str(patient), key=key): {
            "basis": str(basis),
            "opposition_checked": None if pd.isna(checked) else str(checked),
        }
        for patient, basis, checked in sheet[CONSENTS.header].itertuples(index=False)
    }


def _files(layout: Layout) -> Mapping[str, dict[str, str]]:
    """Keyed digests of source files by their keyed names, by cine."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    frame = _frame(layout.sources, ("file", "digest", "cine_id"))
    for name, digest, cine in zip(frame["file"], frame["digest"], frame["cine_id"], strict=True):
        if cine is not None:
            found[cine][name] = digest
    return found


def _parts(layout: Layout) -> Mapping[str, dict[str, str]]:
    """Part by scheme, by cine."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for scheme, cine, part in _frame(layout.folds, ("scheme", "cine_id", "part")).itertuples(index=False):
        found[cine][scheme] = part
    return found


def _frame(path: Path, names: tuple[str, ...]) -> pd.DataFrame:
    """Columns of a table as text, empty cells as None; no row where there is no file.

    Not checked against the schema, which is what `audit verify` does: the record is to be kept of any table.
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(names), dtype=object)
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else tables.read_text(path)
    there = frame.reindex(columns=list(names)).astype(object)
    return there.where(there.notna(), None)
