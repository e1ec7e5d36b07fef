"""A patient of the study: all numbers of the person, and every code that stands for something of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from cinemyo.audit.ledger import Record
from cinemyo.audit.rows import columns, exclusions_of, source_rows
from cinemyo.config import Params
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.errors import AuditError
from cinemyo.layout import Layout
from cinemyo.persons import persons_of, read_links
from cinemyo.sources.keyed import key_of
from cinemyo.tables import ID

PATIENT: Final = re.compile(ID.replace("[a-z]-", "p-"))
IDS: Final = ("patient_id", "exam_id", "accession_id", "series_id", "cine_id")
CODES: Final = ("file", "digest")


@dataclass(frozen=True)
class Person:
    """Who is asked about; pseudonyms alone."""

    patients: tuple[str, ...]
    """All patient numbers of the person: one, or those that the links sheet joins."""
    cines: tuple[str, ...]
    """Of the study and of its external cohort, also those that only an older table in the cache names."""
    external: frozenset[str]
    """Those of them that are in the external cohort."""
    names: frozenset[str]
    """Pseudonyms of patient, exam, accession, series and cine, and of what was excluded."""
    codes: frozenset[str]
    """Hexadecimal: keyed names and digests of the source files, digests of pixels, excluded files."""
    n_sources: int


def person(text: str, *, params: Params, layout: Layout, records: Sequence[Record], older: Sequence[Path]) -> Person:
    """The person whom a pseudonym, or under the key the hospital's identifier, stands for.

    `older` are files that may be earlier versions of the table of cines.

    Raises:
        AuditError: nobody of the study; the refusal never repeats what may be an identifier.
        IdentityKeyError: an identifier without the key of the study.
    """
    given = text.strip()
    patient = given if PATIENT.match(given) else _under_key(given, params=params, records=records)
    cohorts = (layout, layout.external)
    tables = [*(own.cines for own in cohorts), *older]
    cines = pd.concat([columns(path, (*IDS, "digest")) for path in tables])
    excluded = pd.concat([columns(path, ("item", "patient_id")) for own in cohorts for path in exclusions_of(own)])
    known = set(cines["patient_id"]) | set(excluded["patient_id"].dropna())
    links = read_links(params.split.links and str(layout.base / params.split.links))
    persons = persons_of(sorted({*known, patient}), links=links)
    numbers = sorted(name for name, who in persons.items() if who == persons[patient])
    if not known & set(numbers):
        raise _unknown(by_key=patient != given)
    own = cines[cines["patient_id"].isin(numbers)]
    items = excluded["item"][excluded["patient_id"].isin(numbers)].str.split(":").str[0]
    here = set(columns(layout.external.cines, ("cine_id",))["cine_id"])
    sources = pd.concat([source_rows(cohort, series=own["series_id"].dropna().unique().tolist()) for cohort in cohorts])
    named = {str(cell) for column in IDS for cell in own[column].dropna()} | set(numbers)
    codes = {str(cell) for column in CODES for cell in sources[column].dropna()} | set(own["digest"].dropna())
    return Person(
        patients=tuple(numbers),
        cines=tuple(sorted(set(own["cine_id"]))),
        external=frozenset(here & set(own["cine_id"])),
        names=frozenset(named | {item for item in items if re.match(ID, item)}),
        codes=frozenset(codes | {item for item in items if not re.match(ID, item)}),
        n_sources=len(sources) + sum(not re.match(ID, item) for item in items),
    )


def _under_key(identifier: str, *, params: Params, records: Sequence[Record]) -> str:
    key = key_of(params.source)
    used = next((record.body["key_id"] for record in reversed(records) if record.body.get("key_id")), key.id)
    made = [record.body.get("key_id") for record in records if record.body.get("stage") == "ingest"]
    first = next((name for name in made if name), used)
    if key.id != first:
        remedy = "set CINEMYO_KEY_FILE to the key of the study, or give the pseudonym"
        raise AuditError("impact", expected=f"the key {first}", got=f"key {key.id}", remedy=remedy)
    return pseudonym("patient", identifier, key=key.asking())


def _unknown(*, by_key: bool) -> AuditError:
    got = "an identifier that stands for nobody in it under this key" if by_key else "a pseudonym that is not in it"
    remedy = "take a patient_id from cines.csv, or the hospital's identifier as the source writes it"
    return AuditError("impact", expected="a patient of the study", got=got, remedy=remedy)
