"""What a patient is in, as lines for people and as values for machines."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from cinemyo.audit.found import Found
from cinemyo.audit.impact import Impact

HOWS: Final = {
    "carries": "names the patient, or is an image of theirs",
    "derives": "hangs on the patient without naming them",
    "tested": "a model that answered the patient and learnt nothing of them",
    "source": "a source file of theirs that this project made itself",
}


def as_values(impact: Impact) -> dict[str, Any]:
    """Every file, fit and run, one by one."""
    person = impact.person
    return {
        "patients": list(person.patients),
        "cines": list(person.cines),
        "source_files": person.n_sources,
        "files": [asdict(item) for item in impact.found],
        "fits": [
            {"arm": arm, "fold": fold, "role": role} for arm, own in impact.roles.items() for fold, role in own.items()
        ],
        "runs": [asdict(run) for run in impact.runs],
        "beyond": list(impact.beyond),
    }


def as_text(impact: Impact) -> str:
    """Counts of files by place, stage and role, with rows; fits by arm; runs; what cannot be searched from here."""
    return "\n".join([*_head(impact), *_files(impact), *_fits(impact), *_runs(impact), *_beyond(impact)])


def _head(impact: Impact) -> Iterator[str]:
    person = impact.person
    linked = f", one person under {len(person.patients)} numbers" if len(person.patients) > 1 else ""
    external = f", {len(person.external)} of them of the external cohort" if person.external else ""
    yield f"{', '.join(person.patients)}{linked}"
    yield f"{len(person.cines)} cines{external}, made of {person.n_sources} source files"


def _files(impact: Impact) -> Iterator[str]:
    for how, words in HOWS.items():
        own = [item for item in impact.found if item.how == how]
        if not own:
            continue
        yield ""
        yield (
            f"{how}: {len(own)} files, each of which {words}"
            if how in ("carries", "derives")
            else (f"{how}: {len(own)} files, each {words}")
        )
        groups: dict[tuple[str, str, str], list[Found]] = defaultdict(list)
        for item in own:
            groups[item.place, item.stage, item.role].append(item)
        for (place, stage, role), items in sorted(groups.items()):
            yield f"  {place:<14}{stage or '-':<26}{role or '':<12}{_counted(items)}"


def _counted(items: list[Found]) -> str:
    rows = sum(item.rows or 0 for item in items)
    tail = f", {rows} rows" if rows else ""
    named = f"  {items[0].path}" if len(items) == 1 else ""
    return f"{len(items)} file{'s' if len(items) > 1 else ''}{tail}{named}"


def _fits(impact: Impact) -> Iterator[str]:
    if impact.roles:
        yield ""
        yield "fits: what the patient was to the model of each fold"
    for arm, own in impact.roles.items():
        by_role: dict[str, list[str]] = defaultdict(list)
        for fold, role in own.items():
            by_role[role].append(str(fold))
        yield f"  {arm:<26}" + "; ".join(f"{role} {', '.join(folds)}" for role, folds in by_role.items())


def _runs(impact: Impact) -> Iterator[str]:
    if impact.runs:
        yield ""
        yield f"runs of MLflow: {len(impact.runs)}"
    for run in impact.runs:
        yield f"  {run.run_id}  {run.experiment:<16}{run.name:<26}{run.role}"


def _beyond(impact: Impact) -> Iterator[str]:
    yield ""
    yield f"not searched from here: {'; '.join(impact.beyond)}"
