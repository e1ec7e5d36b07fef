"""Which source files became which cines of which patients, in pseudonyms: what an export holds on request alone."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from cinemyo.errors import AuditError
from cinemyo.layout import Layout
from cinemyo.schema import read_text

MOST: Final = 50_000
"""Source files up to which an export lists them: a document of more is too large for those who read it."""


@dataclass(frozen=True)
class CineOf:
    """A cine: whose it is, its folder, and the keyed names and digests of the source files that it was made from."""

    patient: str
    path: str
    digest: str
    sources: Mapping[str, str]


def cines_of(layout: Layout) -> dict[str, CineOf]:
    """Every cine of a study with its source files; the tables are taken as they are, as the ledger takes them.

    Raises:
        AuditError: ingest has not left its tables, or there are too many source files to list.
    """
    if not layout.cines.is_file() or not layout.sources.is_file():
        got, remedy = "none", "run `make repro`, or leave --patients out"
        raise AuditError(layout.cines.as_posix(), expected="the tables of ingest", got=got, remedy=remedy)
    cines = read_text(layout.cines)
    sources = pd.read_parquet(layout.sources).dropna(subset=["cine_id"])
    if len(sources) > MOST:
        remedy = "leave --patients out; `cinemyo audit trace CINE` lists the source files of a cine"
        raise AuditError("export", expected=f"at most {MOST} source files", got=str(len(sources)), remedy=remedy)
    files: dict[str, dict[str, str]] = defaultdict(dict)
    for name, digest, cine in sources[["file", "digest", "cine_id"]].itertuples(index=False):
        files[cine][name] = digest
    return {
        cine: CineOf(patient, _path(layout.ingested, cine, base=layout.base), digest, files[cine])
        for cine, patient, digest in cines[["cine_id", "patient_id", "digest"]].itertuples(index=False)
    }


def _path(folder: Path, cine: str, *, base: Path) -> str:
    return (folder / f"{cine}.mha").relative_to(base).as_posix()
