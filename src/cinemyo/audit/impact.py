"""Everything that a patient is in: files that name them, and files that hang on them otherwise."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from pathlib import Path
from typing import Final

from cinemyo.audit.carried import Search
from cinemyo.audit.derived import Derived, How, derived
from cinemyo.audit.found import Found, place_of
from cinemyo.audit.graph import Graph, read_graph
from cinemyo.audit.kept import kept_of
from cinemyo.audit.ledger import Record
from cinemyo.audit.names import names_under
from cinemyo.audit.objects import objects_of, older_cines, remotes, stores_of
from cinemyo.audit.roles import Roles, is_in, roles_of
from cinemyo.audit.sources_of import PHANTOMS, source_files
from cinemyo.audit.who import Person, person
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.record.tracking import EXPLORING, Run, experiments, runs_of

SKIPPED: Final = frozenset(
    {".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
)
"""Folders that are not searched: git's history is the business of a withdrawal's certificate."""


@dataclass(frozen=True)
class RunOf:
    """A run of MLflow that a patient is in."""

    run_id: str
    name: str
    experiment: str
    role: str


@dataclass(frozen=True)
class Impact:
    """All that was found of a patient."""

    person: Person
    found: tuple[Found, ...]
    roles: Roles
    runs: tuple[RunOf, ...]
    beyond: tuple[str, ...]
    """What exists and cannot be searched from here."""


def impact_of(text: str, *, params: Params, layout: Layout, records: Sequence[Record]) -> Impact:
    """Every file, fit, run and cached object that a patient (pseudonym, or identifier under the key) is in.

    Raises:
        AuditError: nobody of the study, or no stage has run.
        IdentityKeyError: an identifier without the key.
    """
    graph = read_graph(layout.base, provenance=layout.provenance("x").parent)
    objects = {store: objects_of(store) for store in stores_of(layout.base)}
    older = [path for kept in objects.values() for path in older_cines(kept)]
    who = person(text, params=params, layout=layout, records=records, older=older)
    roles = roles_of(who, params=params, layout=layout)
    search = Search(names=who.names, codes=who.codes)
    runs = [run for run in runs_of(layout.base) if _is_of(run, params=params)]
    hanging = {item.path: item for item in derived(who, graph=graph, roles=roles, layout=layout)}
    hanging |= {item.path: item for item in _beside(who, runs=runs, roles=roles, layout=layout)}
    hanging |= {item.path: item for item in source_files(who, params=params, layout=layout)}
    inner_stores = {
        _from(store, base=layout.base) for store in objects if store.absolute().is_relative_to(layout.base.absolute())
    }
    found = {
        path: _made(item, graph=graph)
        for path, item in _tree(layout.base, search=search, hanging=hanging, leave=inner_stores)
    }
    for place, kept in zip(chain(["cache"], repeat("remote")), objects.values(), strict=False):
        found |= kept_of(kept, place=place, base=layout.base, graph=graph, search=search, found=found, who=who)
    own = [RunOf(run.run_id, run.name, run.experiment, _run_role(run, roles=roles)) for run in runs]
    inner = tuple(run for run in own if run.role != "none")
    return Impact(who, tuple(sorted(found.values(), key=lambda item: item.path)), roles, inner, _beyond(layout.base))


def _from(path: Path, *, base: Path) -> str:
    return path.absolute().relative_to(base.absolute()).as_posix()


def _made(item: Found, *, graph: Graph) -> Found:
    """With the stage that made the file, where one did."""
    return item if item.stage else replace(item, stage=next(iter(graph.makers(item.path)), ""))


def _is_of(run: Run, *, params: Params) -> bool:
    return run.experiment in experiments(params.study.name)


def _tree(
    base: Path, *, search: Search, hanging: Mapping[str, Derived], leave: Collection[str]
) -> Iterator[tuple[str, Found]]:
    """The files of the working tree that the patient is in."""
    names = list(names_under("", base=base, leave={*SKIPPED, *leave}))
    # what a synthetic source is made of was there before any pseudonym
    searched = [name for name in names if not name.startswith(PHANTOMS)]
    hits = dict(zip(searched, search.hits([(name, base / name) for name in searched]), strict=True))
    for name in names:
        hit, item = hits.get(name), hanging.get(name)
        if hit is None and item is None:
            continue
        told = item or Derived(name, "carries")
        how: How = told.how if hit is None or told.how == "source" else "carries"
        yield name, Found(name, how, place_of(name), hit.rows if hit else None, told.stage, told.role)


def _beside(who: Person, *, runs: Sequence[Run], roles: Roles, layout: Layout) -> Iterator[Derived]:
    """What hangs on the patient outside of the outputs of stages."""
    base = layout.base
    if who.cines:
        loose = ["dvc.lock", "audit/ledger.jsonl", "reports/lineage.csv", "reports/compare.html"]
        yield from (Derived(name, "derives") for name in loose if (base / name).is_file())
    if not any(is_in(own) for own in roles.values()):
        return
    yield from _runs(runs, roles=roles, base=base)
    explored = [(f"outputs/{kind}/{layout.study}", kind) for kind in EXPLORING]
    for folder, stage in (*explored, (".cache/cinemyo/train", "train")):
        yield from (Derived(name, "derives", stage) for name in names_under(folder, base=base))


def _runs(runs: Sequence[Run], *, roles: Roles, base: Path) -> Iterator[Derived]:
    inner = [run for run in runs if _run_role(run, roles=roles) != "none"]
    if inner and (base / "mlruns" / "mlflow.db").is_file():
        yield Derived("mlruns/mlflow.db", "derives")
    for run in inner:
        own = _run_role(run, roles=roles)
        for name in run.files:
            role = own if name.startswith("model/") else ""
            how: How = "tested" if role in ("test", "holdout") else "derives"
            yield Derived(f"mlruns/artifacts/{run.run_id}/artifacts/{name}", how, "record", role)


def _run_role(run: Run, *, roles: Roles) -> str:
    """The role of the patient in the run of a fold; `in` for an arm, sweep or search that holds them, else `none`."""
    arm, fold = run.tags.get("arm", ""), run.tags.get("fold", "")
    if arm not in roles:
        # an arm that is no longer in the study, a job of a sweep or a trial: nothing says that the patient was left out
        return "in" if run.tags.get("kind") in EXPLORING or arm else "none"
    if not is_in(roles[arm]):
        return "none"
    return roles[arm].get(int(fold), "in") if fold.isdigit() else "in"


def _beyond(base: Path) -> tuple[str, ...]:
    told = [f"remote {remote.name}" for remote in remotes(base) if remote.folder is None]
    git = ["git history and every clone of it"] if (base / ".git").exists() else []
    return (*told, *git, "copies, exports and releases outside of this folder")
