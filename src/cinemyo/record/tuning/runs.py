"""The trials of a search as runs nested under one parent, and what is written beside them; all read from its study."""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from cinemyo import tables
from cinemyo.commit import git_commit
from cinemyo.errors import ConfigError
from cinemyo.provenance import sha256
from cinemyo.record.runs import flat
from cinemyo.record.tracking import Data, Entry, Metric
from cinemyo.record.tracking.nested import Ended, Item, record_nested
from cinemyo.record.tuning import figures
from cinemyo.tuning.search import Tuning, best
from cinemyo.tuning.space import arm_of
from cinemyo.tuning.study import Study, Told

STATUS: Final[dict[str, Ended]] = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


def keep(tuning: Tuning, *, study: Study, trials: Sequence[Told], status: Ended | None) -> None:
    """Writes table and figures of the whole search, and records these trials under its run.

    `status` is that of the search, or None while it goes on. A trial that ended with its process is no run: its point
    came again.

    Raises:
        SetupError: the tracking store does not answer; the files are written all the same.
    """
    write_files(tuning, study=study)
    items = [trial_item(tuning, trial=trial) for trial in trials if trial.state != "interrupted"]
    parent = parent_entry(tuning, study=study)
    record_nested(tuning.layout.base, parent, key=f"tune {tuning.folder.name}", items=items, status=status)


def write_files(tuning: Tuning, *, study: Study) -> None:
    """`trials.csv` and the figures, beside the study."""
    settled, members, search = study.settled(), study.front(), tuning.search
    title = f"{tuning.params.study.title}: search {search.name}"
    parts = ", ".join(str(part) for part in tuning.basis.validated)
    seen = f"Inner validation on parts {parts}, by cine; part {tuning.basis.reserved} and the hold-out were not read."
    words = {"title": title, "note": f"{seen} {tuning.params.study.notice}".strip()}
    drawn = {
        "history.png": figures.history(settled, primary=search.objectives[0], **words),
        "importances.png": figures.importances(study.importances(), **words),
    }
    if len(search.objectives) > 1:
        drawn["front.png"] = figures.front(settled, members=members, objectives=search.objectives, **words)
    text = table(settled, members=members).to_csv(index=False, lineterminator="\n")
    for name, content in {**drawn, "trials.csv": text.encode()}.items():
        tables.write_bytes(tuning.folder / name, content)


def table(trials: Sequence[Told], *, members: Sequence[int]) -> pd.DataFrame:
    """A row per settled trial: its state, point and figures, and whether no other one beats it."""
    rows = [
        {
            "trial": trial.number,
            "state": trial.state,
            **trial.point,
            **trial.figures,
            "on_front": trial.number in members,
            "folds": round(trial.curve[-1][0], 3) if trial.curve else 0.0,
            "seconds": trial.seconds,
            "fault": trial.fault,
        }
        for trial in trials
    ]
    return pd.DataFrame(rows)


def parent_entry(tuning: Tuning, *, study: Study) -> Entry:
    """The parent run: how the trials ended, the best figure, what was searched, and the figures."""
    settled, params = study.settled(), tuning.params
    counts = {f"trials_{state}": float(sum(trial.state == state for trial in settled)) for state in STATUS}
    leading = best(study)
    primary = tuning.search.objectives[0]
    tags = _tags(tuning) | {"level": "search"}
    if leading:
        counts[f"best_{primary}"] = leading.figures[primary]
        tags["best_trial"] = str(leading.number)
    names = ("search.json", "trials.csv", "history.png", "importances.png", "front.png")
    return Entry(
        study=f"{params.study.name}_tune",
        arm=tuning.search.name,
        fold=None,
        metrics=[Metric(name, value) for name, value in counts.items()],
        files={name: tuning.folder / name for name in names if (tuning.folder / name).is_file()},
        documents={"importances.json": study.importances()},
        tags=tags,
    )


def trial_item(tuning: Tuning, *, trial: Told) -> Item:
    """The run of a trial: its arm, figures and curve; KILLED where it was pruned."""
    primary, folds = tuning.search.objectives[0], tuning.layout.folds
    single: dict[str, float] = dict(trial.figures) | {"seconds": trial.seconds, "gflops": trial.cost}
    curve = [Metric(f"{primary}_so_far", value, step) for step, (_, value) in enumerate(trial.curve, 1)]
    entry = Entry(
        study=f"{tuning.params.study.name}_tune",
        arm=f"{tuning.search.name} trial {trial.number}",
        fold=None,
        params={"seed": str(tuning.params.seed), "study": tuning.params.study.name, **_values(tuning, trial=trial)},
        metrics=[*(Metric(name, float(value)) for name, value in single.items()), *curve],
        documents={"failure.json": {"reason": trial.fault}} if trial.fault else {},
        data=[Data(folds.relative_to(tuning.layout.base).as_posix(), sha256(folds), "selection")],
        tags={**_tags(tuning), "level": "trial", "state": trial.state, "trial": str(trial.number)},
    )
    return Item(f"tune {tuning.folder.name} {trial.number}", entry, STATUS[trial.state])


def _values(tuning: Tuning, *, trial: Told) -> dict[str, str]:
    """The arm of a trial, or its point alone where that is no arm."""
    try:
        return flat(arm_of(tuning.base, search=tuning.search, point=trial.point).model_dump(mode="json"))
    except ConfigError:
        return {key: str(value) for key, value in trial.point.items()}


def _tags(tuning: Tuning) -> dict[str, str]:
    params = tuning.params
    return {
        "kind": "tune",
        "search": tuning.folder.name,
        "mlflow.source.git.commit": git_commit(tuning.layout.base).rstrip("+"),
        "target": tuning.base.target,
        "scheme": tuning.base.scheme,
        "selected_on_parts": ", ".join(str(part) for part in tuning.basis.parts),
        "reserved_part": str(tuning.basis.reserved),
        "synthetic": str(params.study.synthetic).lower(),
        **({"notice": params.study.notice} if params.study.notice else {}),
    }
