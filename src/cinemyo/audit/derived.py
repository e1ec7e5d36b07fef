"""The files of the working tree that hang on a patient without naming them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from cinemyo.audit.graph import Graph, inside
from cinemyo.audit.names import names_under
from cinemyo.audit.roles import CONTAINS, Roles, is_in
from cinemyo.audit.who import Person
from cinemyo.layout import Layout

How = Literal["carries", "derives", "tested", "source"]
PER_CINE: Final = ("phantom", "ingest", "prepare", "ingest_external", "prepare_external")
"""Stages whose folders hold a file per cine, which hangs on that cine alone."""
PER_ARM: Final = ("train", "explain", "robustness")


@dataclass(frozen=True)
class Derived:
    """A file that hangs on a patient, or a model that was only tested on them."""

    path: str
    how: How
    stage: str = ""
    role: str = ""


def derived(person: Person, *, graph: Graph, roles: Roles, layout: Layout) -> Iterator[Derived]:
    """Outputs of every stage that the patient went into, by the graph of the pipeline and, for fits, by fold."""
    provenance = layout.provenance("x").parent.relative_to(layout.base).as_posix()
    models = layout.models("x").parent.relative_to(layout.base).as_posix()
    for stage in _stages(person, graph=graph, layout=layout):
        name, _, item = stage.partition("@")
        if not _hangs(name, item=item, person=person, roles=roles):
            continue
        for out in graph.activities[stage].outputs:
            for own in names_under(out.path, base=layout.base):
                if name in PER_CINE and not inside(own, provenance):
                    continue
                role = _role(own, arm=item, roles=roles, models=models)
                yield Derived(own, "tested" if role and role not in CONTAINS else "derives", stage, role)


def _hangs(name: str, *, item: str, person: Person, roles: Roles) -> bool:
    """Whether the outputs of an arm hang on the patient: not on those whom its split holds out or does not know."""
    if name in PER_ARM:
        return is_in(roles.get(item, {}))
    return name != "predict" or bool(person.external) or is_in(roles.get(item, {}))


def _stages(person: Person, *, graph: Graph, layout: Layout) -> list[str]:
    """The stages that made a table of the patient's, and all that follow."""
    cohorts = [layout] if set(person.cines) - person.external else []
    cohorts += [layout.external] if person.external else []
    found: set[str] = set()
    for own in cohorts:
        table = own.cines.relative_to(layout.base).as_posix()
        found |= {*graph.makers(table), *graph.descendants(table)}
    if not cohorts:  # of whom nothing but an exclusion is left
        table = layout.exclusions.relative_to(layout.base).as_posix()
        readers = {name for name, own in graph.activities.items() if any(item.path == table for item in own.inputs)}
        found |= {*graph.makers(table), *readers}
    return [name for name in graph.activities if name in found]


def _role(path: str, *, arm: str, roles: Roles, models: str) -> str:
    """The role of the patient in the fit whose model a file is."""
    folder, _, file = path.rpartition("/")
    fold = file.removeprefix("fold").removesuffix(".safetensors")
    return roles[arm].get(int(fold), "") if arm in roles and folder == f"{models}/{arm}" and fold.isdigit() else ""
