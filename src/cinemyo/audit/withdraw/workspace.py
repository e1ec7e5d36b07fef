"""What is about a patient among the files of the project: deleted, or rows of it dropped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Literal

from cinemyo import tables
from cinemyo.audit.withdraw.ids import Ids
from cinemyo.audit.withdraw.removal import Drops, Place, Step, file_step, folder_step, rows_step
from cinemyo.config import Arm, Params
from cinemyo.deid.keys import Key
from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.layout import Layout
from cinemyo.provenance import files_under
from cinemyo.record.trace import roles_of

Policy = Literal["retain", "retrain", "retire"]

TABLES: Final = (".csv", ".parquet")
AGGREGATES: Final = ("README.md", "metrics.json", "model_card.md", "tables", "scores", "checklists")
"""Of `reports/`: figures over all patients, which git keeps too; all else there shows single patients or may."""
STANDING: Final = ("lock", "rwlock", "rwlock.lock", "btime")
"""Of `.dvc/tmp`: what DVC needs and what names no file."""
EXPLORED: Final = ("outputs", "multirun")


@dataclass(frozen=True)
class Subject:
    """Whose traces go."""

    patients: frozenset[str]
    ids: Ids
    key: Key = field(repr=False)

    def is_named(self, row: Mapping[str, str], *, column: str = "patient") -> bool:
        """Whether a row of a sheet names the patient by the hospital's identifier."""
        cell = row.get(column) or ""
        return bool(cell) and pseudonym("patient", cell, key=self.key.asking()) in self.patients


def steps(subject: Subject, *, params: Params, layout: Layout, policy: Policy) -> Iterator[Step]:
    """What goes from the project's folders, in the order in which it goes; git, DVC's store and MLflow's apart.

    Files whose name or content carries a code come before the tables that say which these are.
    """
    yield from showing(subject.ids, layout=layout)
    yield from _models(subject, params=params, layout=layout, policy=policy)
    yield from _study(subject, layout=layout)
    yield from _sheets(subject, params=params, base=layout.base)


def showing(ids: Ids, *, layout: Layout) -> Iterator[Step]:
    """Reports that show single patients, sweeps, and work that is under way."""
    yield from _reports(ids, layout=layout)
    yield from _explored(ids, base=layout.base)
    yield from _in_progress(ids, layout=layout)


def contained(patients: frozenset[str], *, params: Params, layout: Layout) -> list[Path]:
    """Models that learned from a patient or were chosen by one, and reports over all patients."""
    own = [path for name, arm in params.arms.items() for path in _learned(patients, name=name, arm=arm, layout=layout)]
    kept = [layout.reports / name for name in AGGREGATES if name != "README.md"]
    reports = [item for path in kept if path.exists() for item in (files_under(path) if path.is_dir() else [path])]
    return [*own, *reports]


def _learned(patients: frozenset[str], *, name: str, arm: Arm, layout: Layout) -> list[Path]:
    """Models of the folds in which a patient was not tested; a model that names no fold is taken to be one of them."""
    if not (layout.models(name).is_dir() and layout.folds.is_file()):
        return []
    folds = tables.read(layout.folds, table=tables.FOLDS)
    mine = folds[folds["patient_id"].isin(patients) & (folds["scheme"] == arm.scheme)]
    roles = [roles_of(folds, scheme=arm.scheme, cine_id=str(cine)) for cine in mine["cine_id"]]
    seen = {fold for told in roles for role in ("train", "validation") for fold in told.get(role, "").split(", ")}
    found = files_under(layout.models(name)) if seen else []
    numbered = {path: path.stem.removeprefix("fold") for path in found}
    return [path for path, fold in numbered.items() if "all" in seen or fold in seen or not fold.isdigit()]


def _reports(ids: Ids, *, layout: Layout) -> Iterator[Step]:
    if not layout.reports.is_dir():
        return
    for path in sorted(layout.reports.iterdir()):
        if path.name not in AGGREGATES:
            yield _whole(path, place="reports", base=layout.base, ids=ids)
        else:
            for file in files_under(path) if path.is_dir() else [path]:
                yield from _carrying(file, place="reports", base=layout.base, ids=ids)


def _models(subject: Subject, *, params: Params, layout: Layout, policy: Policy) -> Iterator[Step]:
    if policy == "retire":
        for path in contained(subject.patients, params=params, layout=layout):
            if path.is_relative_to(layout.data):
                yield file_step(path, place="study data", base=layout.base, ids=subject.ids)


def _explored(ids: Ids, *, base: Path) -> Iterator[Step]:
    """Jobs of sweeps whole: a winner is an arm of the study, and what else they tried can be tried again."""
    jobs: dict[Path, None] = {}
    for name in EXPLORED:
        for path in files_under(base / name) if (base / name).is_dir() else []:
            parts = path.relative_to(base).parts
            if ids.in_text("/".join(parts)) or ids.in_file(path):
                # outputs/sweep/<study>/<job>/..., else the folder that the file lies in
                job = base.joinpath(*parts[:4]) if parts[:2] == ("outputs", "sweep") else path.parent
                jobs[job if job.is_dir() and job != base / name else path] = None
    for job in jobs:
        yield _whole(job, place="sweeps", base=base, ids=ids)


def _in_progress(ids: Ids, *, layout: Layout) -> Iterator[Step]:
    base = layout.base
    found = [base / ".cache" / "cinemyo", *sorted((base / "data").glob(f".{layout.data.name}.*"))]
    temporary = base / ".dvc" / "tmp"
    if temporary.is_dir():
        found += [path for path in sorted(temporary.iterdir()) if path.name not in STANDING]
    for path in found:
        if path.exists():
            yield _whole(path, place="work in progress", base=base, ids=ids)


def _study(subject: Subject, *, layout: Layout) -> Iterator[Step]:
    """Images by name, tables by row, all else by content; `cines.csv`, which tells whose a cine is, at the very end."""
    found = files_under(layout.data) if layout.data.is_dir() else []
    is_key = {layout.cines, layout.external.cines}
    for path in [path for path in found if path not in is_key] + [path for path in found if path in is_key]:
        drops = subject.is_named if path.name == layout.carried_labels.name else None
        yield from _carrying(path, place="study data", base=layout.base, ids=subject.ids, drops=drops)


def _carrying(path: Path, *, place: Place, base: Path, ids: Ids, drops: Drops | None = None) -> Iterator[Step]:
    if ids.in_text(path.relative_to(base).as_posix()):
        yield file_step(path, place=place, base=base, ids=ids)
    elif path.suffix in TABLES:
        step = rows_step(path, place=place, base=base, ids=ids, drops=drops)
        yield from [step] if step else []
    elif ids.in_file(path):
        yield file_step(path, place=place, base=base, ids=ids)


def _sheets(subject: Subject, *, params: Params, base: Path) -> Iterator[Step]:
    """Rows of sheets that people wrote; the label sheet is the hospital's own and is left to it."""
    by_code = [params.sheets.readers, params.sheets.corrections, params.split.links]
    asked = {name: None for name in by_code if name} | {params.oversight.consents: subject.is_named}
    for name, drops in asked.items():
        if (base / name).is_file():
            step = rows_step(base / name, place="sheets", base=base, ids=subject.ids, drops=drops)
            yield from [step] if step else []


def _whole(path: Path, *, place: Place, base: Path, ids: Ids) -> Step:
    make = folder_step if path.is_dir() and not path.is_symlink() else file_step
    return partial(make, place=place, base=base, ids=ids)(path)
