"""Who is one person under two patient numbers, and the permutation of pathologies between patients."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from cinemyo.schema import Table, read, text
from cinemyo.tables import ID

LINKS: Final = Table(
    "links", (text("patient", pattern=ID), text("same_person_as", pattern=ID)), ("patient", "same_person_as")
)
"""The links sheet, in pseudonyms: one person under two numbers."""


def read_links(path: str | None) -> pd.DataFrame | None:
    """The links sheet of a split, where it names one.

    Raises:
        TableError: the sheet is absent or broken.
    """
    return read(Path(path), table=LINKS) if path else None


def persons_of(patients: Sequence[str], *, links: pd.DataFrame | None) -> dict[str, str]:
    """The person of each patient number; links may chain, also through a number that is no longer here."""
    pairs = [] if links is None else list(zip(links["patient"], links["same_person_as"], strict=True))
    person = {name: name for name in [*patients, *(name for pair in pairs for name in pair)]}
    for one, other in pairs:
        old, new = person[one], person[other]
        person = {name: new if owner == old else owner for name, owner in person.items()}
    return person


def permuted(
    labels: pd.DataFrame, *, cines: pd.DataFrame, seed: int, links: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Labels with the pathologies of whole persons permuted between persons: a control with nothing to be found.

    A person counts with the pathology of the first exam, and all cines of a person, under whatever patient number,
    get the same one. The draw hangs on seed and pixel digests, never on pseudonyms. What is not among `cines`, as a
    hold-out, is left without a label.
    """
    columns = ["cine_id", "patient_id", "exam_order", "digest"]
    known = cines[columns].merge(labels[["cine_id", "pathology"]], on="cine_id")
    known = known[known["pathology"].notna()].sort_values(["exam_order", "digest"], kind="stable")
    known["person"] = known["patient_id"].map(persons_of(known["patient_id"].tolist(), links=links))
    first = known.groupby("person", sort=False).first().sort_values("digest", kind="stable")
    drawn = np.random.default_rng([seed, 0x7065726D]).permutation(len(first))
    given = dict(zip(first.index, first["pathology"].to_numpy(object)[drawn], strict=True))
    owner = dict(zip(known["cine_id"], known["person"], strict=True))
    changed = [given[owner[cine]] if cine in owner else None for cine in labels["cine_id"]]
    return labels.assign(pathology=pd.Series(changed, index=labels.index, dtype=labels["pathology"].dtype))
