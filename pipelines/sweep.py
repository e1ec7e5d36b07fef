"""Many arms compared: each job of a Hydra multirun is an arm composed on the command line, fitted over the folds.

`python -m pipelines.sweep -m backbone=compact,resnet50v2 crop_px=64,96` explores; it writes below `outputs/` and to the
experiment `<study>_sweep` of MLflow, never below `reports/`. The same command again does what is still owed and nothing
else. A winner is chosen by inner validation alone and promoted by `python -m pipelines.promote`.
"""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from cinemyo.config import Params
from cinemyo.errors import CinemyoError, SetupError
from cinemyo.launching.choice import HERE, Local, Ray, Slurm
from cinemyo.launching.jobs import each
from cinemyo.layout import Layout
from cinemyo.record.sweep.runs import keep
from cinemyo.sweeping.job import Job, State, give_up, job_of, run_apart, run_job, told
from cinemyo.sweeping.reason import reason
from pipelines.grid import name_of, planned, typed, way_of
from pipelines.stage import OFFLINE

log = logging.getLogger(__name__)
CONF: Final = Path("conf")
LOST: Final = "its process ended without a word, as one does that is killed for its memory"
AGAIN: Final = "the same command tries these again and repeats nothing that is finished"
BEFORE: Final = "not begun, for the launcher ended before"


def job(values: DictConfig) -> State:
    """Runs one job in the process that a launcher of Hydra gives it; a failure is a state, so that the others go on.

    The end of the sweep records it: the process of the command alone writes to MLflow.
    """
    content: Any = OmegaConf.to_container(values, resolve=True)
    name = name_of(HydraConfig.get().overrides.task)
    params, arm = typed(content, where=f"sweep, job {name}")
    layout = Layout(params.study.name)
    own = job_of(arm, params=params, name=name, layout=layout)
    return run_job(own, layout=layout, workers=content["workers"])


def _record_soon(jobs: Sequence[Job], *, params: Params, layout: Layout) -> None:
    """Records what has ended while the sweep goes on; where the store is held, the end of the sweep records it."""
    try:
        keep(jobs, params=params, layout=layout, status=None)
    except SetupError as error:
        log.warning("%s", error)


def main() -> None:
    """Runs the jobs that are owed, ranks all, and ends with status 1 where one failed."""
    os.environ.update({key: value for key, value in OFFLINE.items() if key not in os.environ})
    asked = get_args_parser().parse_args()
    try:
        if asked.help or asked.hydra_help or asked.cfg or asked.info:
            _launch()
            return
        plan = planned(asked.overrides, conf=CONF)
        way = way_of(asked.overrides, conf=CONF)
        if way.is_hydra:
            _launch()
        elif way.launcher == HERE:
            do(plan, workers=way.workers)
        else:
            send(plan, launcher=way.launcher)
        left = conclude(plan)
    except CinemyoError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    if left:
        sys.exit("\n".join([f"{len(left)} of {len(plan)} jobs failed:", *left, AGAIN]))


def _launch() -> None:
    """Hands over to Hydra; where a launcher breaks, Hydra has said why, and what it did not begin is still owed."""
    try:
        hydra.main(version_base="1.3", config_path=str(CONF.resolve()), config_name="sweep")(job)()
    except SystemExit as error:
        log.warning("the launcher ended with status %s", error.code)


def do(plan: Sequence[tuple[Job, Params]], *, workers: int | None) -> None:
    """Runs the jobs that are owed one after the other in this process, as Hydra's own launcher would."""
    owed = [(own, params) for own, params in plan if own.state != "finished"]
    for number, (own, params) in enumerate(owed, start=1):
        sys.stderr.write(f"job {number} of {len(owed)}: {own.name} ({own.key})\n")
        layout = Layout(params.study.name)
        run_job(own, layout=layout, workers=workers)
        _record_soon([own], params=params, layout=layout)


def send(plan: Sequence[tuple[Job, Params]], *, launcher: Local | Ray | Slurm) -> None:
    """Runs the jobs that are owed where the launcher says, and records each as it ends.

    Raises:
        ConfigError, SetupError: the launcher cannot be reached, or is not installed.
    """
    known = {job.key: params for job, params in plan}
    owed = [(job, Layout(params.study.name)) for job, params in plan if job.state != "finished"]
    for outcome in each(run_apart, owed, launcher=launcher, name=lambda pair: f"job {pair[0].key}"):
        own, layout = outcome.job
        if outcome.error is not None:
            give_up(own, layout=layout, why=reason(outcome.error))
        _record_soon([own], params=known[own.key], layout=layout)


def conclude(plan: Sequence[tuple[Job, Params]]) -> list[str]:
    """A line per job that is not finished, after ranking and recording all that have ended, study by study."""
    lines: dict[str, str] = {}
    for study in dict.fromkeys(params.study.name for _, params in plan):
        own = [(job, params) for job, params in plan if params.study.name == study]
        jobs, params, layout = [job for job, _ in own], own[0][1], Layout(study)
        for lost in [job for job in jobs if job.state == "owed" and (job.folder / "job.json").is_file()]:
            give_up(lost, layout=layout, why=LOST)
        left = {job.key: job for job in jobs if job.state != "finished"}
        lines |= {
            key: f"  {job.name}: {told(job.folder / 'failed.json').get('reason', BEFORE)}" for key, job in left.items()
        }
        ranked = keep(jobs, params=params, layout=layout, status="FAILED" if left else "FINISHED")
        _tell(ranked, jobs=jobs, layout=layout)
    return list(lines.values())


def _tell(ranked: Any, *, jobs: Sequence[Job], layout: Layout) -> None:
    best = ranked[ranked["key"].isin([job.key for job in jobs]) & ranked["rank"].notna()]
    place = f"outputs/sweep/{layout.study}/ranking.html"
    done = sum(job.state == "finished" for job in jobs)
    first = f"; best {best['name'].iloc[0]} ({best['key'].iloc[0]})" if len(best) else ""
    sys.stderr.write(f"{done} of {len(jobs)} jobs finished{first}; ranking in {place}\n")


if __name__ == "__main__":
    main()
