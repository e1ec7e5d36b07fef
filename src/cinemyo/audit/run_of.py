"""A run of MLflow as a place in the files of the study."""

import re
from typing import Final

from cinemyo.audit.asked import Asked
from cinemyo.config import Params
from cinemyo.errors import AuditError
from cinemyo.layout import Layout
from cinemyo.record.tracking import runs_of

RUN: Final = re.compile(r"^(?:mlflow:)?([0-9a-f]{32})$")


def is_run(text: str) -> bool:
    """Whether a text may be the id of a run."""
    return bool(RUN.match(text))


def asked_of_run(text: str, *, params: Params, layout: Layout) -> Asked:
    """What a run stands for: the predictions of its arm, or the model of its fold; its tags are the value.

    Raises:
        AuditError: the store has no such run, or one of an arm that this study no longer has.
    """
    match = RUN.match(text)
    run_id = match[1] if match else text
    run = next((run for run in runs_of(layout.base) if run.run_id == run_id), None)
    if run is None:
        expected, got = "a run of the tracking store, a source file or an excluded item", "an id that none has"
        raise AuditError(run_id, expected=expected, got=got, remedy="`make ui` shows the ids of runs")
    study, arm, fold = (run.tags.get(name, "") for name in ("study", "arm", "fold"))
    if study != params.study.name or arm not in params.arms:
        got = f"the run {run.name} of {study or 'no study'}"
        remedy = "choose its study with `make use STUDY=...`; sweeps are found by `cinemyo audit impact`"
        raise AuditError(run_id, expected=f"a run of an arm of {params.study.name}", got=got, remedy=remedy)
    own = layout.models(arm) / f"fold{fold}.safetensors" if fold.isdigit() else layout.predictions(arm)
    value = {"name": run.name, "tags": dict(run.tags), "inputs": [dict(item) for item in run.inputs]}
    path = own.relative_to(layout.base).as_posix()
    return Asked("run", path, run_id, value, arm=arm, fold=int(fold) if fold.isdigit() else None)
