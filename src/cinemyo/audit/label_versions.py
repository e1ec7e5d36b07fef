"""A record per version of the labels: counts, roles and commitments for the ledger, cines for its details."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cinemyo.audit.details import Details
from cinemyo.audit.ledger import Kind
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.schema import read
from cinemyo.sheets import CORRECTIONS

Labels = Mapping[str, Mapping[str, str]]
"""Cells that are not empty, by cine."""
Cells = dict[str, Any]


def topic_of(study: str) -> str:
    """The topic of the commitments to what changed in the labels of a study."""
    return f"labels {study}"


@dataclass(frozen=True)
class Versions:
    """Labels before and now, whose cines they are, and what the ledger knows of their versions."""

    layout: Layout
    before: Labels
    after: Labels
    owner: Mapping[str, str]
    """Patient of each cine."""
    known: Mapping[tuple[str, str], Mapping[str, Any]]
    """The newest record by study and sheet."""
    run: str | None
    """The event of the run that made the labels."""
    details: Details

    def entries(self, params: Params) -> Iterator[tuple[Kind, dict[str, Any]]]:
        """The records of a new version of the label sheet, and of the sheet of corrections."""
        version = version_of(self.after)
        last = self._last("labels")
        found = difference(self.before, self.after) if last else {}
        if version and (found or version != last.get("version")):
            counted = counts(found, before=self.before, after=self.after) if last else {}
            roles = [params.oversight.responsible_role]
            yield self._entry("labels", version, found, roles=roles, run=self.run, counted=counted)
        yield from self._corrections(params, version=version)

    def _corrections(self, params: Params, *, version: str) -> Iterator[tuple[Kind, dict[str, Any]]]:
        path = self.layout.base / params.sheets.corrections
        sheet = read(path, table=CORRECTIONS) if path.is_file() else pd.DataFrame(columns=CORRECTIONS.header)
        if sheet.empty and not self._last("corrections"):
            return
        new = corrected_version(sheet, labels=version)
        if new == self._last("corrections").get("version"):
            return
        rows = sheet.astype(object).to_dict("records")
        cells = {str(row["cine_id"]): {str(name): row[name] for name in row if name != "cine_id"} for row in rows}
        roles = sorted({str(row["role"]) for row in cells.values()})
        yield self._entry("corrections", new, cells, roles=roles, run=None, counted={"changed": len(cells)})

    def _last(self, sheet: str) -> Mapping[str, Any]:
        return self.known.get((self.layout.study, sheet), {})

    def _entry(
        self, sheet: str, version: str, cells: Mapping[str, Cells], *, roles: list[str], run: str | None, counted: Cells
    ) -> tuple[Kind, dict[str, Any]]:
        """The record; each patient's cells are committed to."""
        by_patient: dict[str, dict[str, Cells]] = defaultdict(dict)
        for cine, own in cells.items():
            if cine in self.owner:
                by_patient[self.owner[cine]][cine] = own
        told = {"topic": topic_of(self.layout.study), "study": self.layout.study, "sheet": sheet, "version": version}
        contents = [(patient, {**told, "cines": own}) for patient, own in by_patient.items()]
        body = {
            "study": self.layout.study,
            "sheet": sheet,
            "version": version,
            "previous": self._last(sheet).get("version"),
            **counted,
            "roles": roles,
            "activity": run,
            "commitments": sorted(self.details.commit_all(contents)),
        }
        return "labels", body


def difference(before: Labels, after: Labels) -> dict[str, Cells]:
    """Cines whose labels differ, each with the cells that differ before and after; the version itself is none of them.

    A cine that is new or gone has no cells on that side.
    """
    found = {}
    for cine in sorted({*before, *after}):
        one, other = before.get(cine, {}), after.get(cine, {})
        names = sorted({name for name in {*one, *other} if one.get(name) != other.get(name)} - {"label_version"})
        if names:
            found[cine] = {"before": _among(one, names), "after": _among(other, names)}
    return found


def counts(found: Mapping[str, Cells], *, before: Labels, after: Labels) -> dict[str, int]:
    """How many cines are new, gone, or labelled otherwise; nothing that tells which."""
    changed = [cine for cine in found if cine in before and cine in after]
    new, gone = len(set(after) - set(before)), len(set(before) - set(after))
    return {"added": new, "removed": gone, "changed": len(changed)}


def version_of(labels: Labels) -> str:
    """The version of the labels; several are joined."""
    return "+".join(sorted({cells["label_version"] for cells in labels.values() if "label_version" in cells}))


def corrected_version(sheet: pd.DataFrame, *, labels: str) -> str:
    """The version that the report names for labels under a sheet of corrections; the labels' own without a row."""
    if sheet.empty:
        return labels
    from cinemyo.evaluation.corrections import new_version

    return new_version(pd.DataFrame({"label_version": [labels]}), corrections=sheet)


def _among(cells: Mapping[str, str], names: list[str]) -> dict[str, str]:
    return {name: cells[name] for name in names if name in cells}
