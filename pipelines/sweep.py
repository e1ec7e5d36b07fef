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
from cinemyo.layout import Layout
from cinemyo.record.sweep.runs import keep
from cinemyo.sweeping.job import Job, State, give_up, job_of, run_job, told
from pipelines.grid import name_of, planned, typed
from pipelines.stage import OFFLINE

log = logging.getLogger(__name__)
CONF: Final = Path("conf")
LOST: Final = "its process ended without a word, as one does that is killed for its memory"


@hydra.main(version_base="1.3", config_path="../conf", config_name="sweep")
def job(values: DictConfig) -> State:
    """Runs one job, in whatever process a launcher gives it; a failure is a state, so that the others go on."""
    content: Any = OmegaConf.to_container(values, resolve=True)
    name = name_of(HydraConfig.get().overrides.task)
    params, arm = typed(content, where=f"sweep, job {name}")
    layout = Layout(params.study.name)
    own = job_of(arm, params=params, name=name, layout=layout)
    state = run_job(own, layout=layout, workers=content["workers"])
    if _is_in_process():
        _record_soon([own], params=params, layout=layout)
    return state


def _is_in_process() -> bool:
    """Whether jobs run one after the other in the process of the command, which alone writes to MLflow."""
    return str(HydraConfig.get().launcher.get("_target_", "")).endswith("BasicLauncher")


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
    if asked.help or asked.hydra_help or asked.cfg or asked.info:
        job()
        return
    try:
        plan = planned(asked.overrides, conf=CONF)
        _launch()
        failed = conclude(plan)
    except CinemyoError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    if failed:
        sys.exit("\n".join([f"{len(failed)} of {len(plan)} jobs failed:", *failed]))


def _launch() -> None:
    """Hands over to Hydra; a launcher that breaks is told on stderr, and its jobs are counted as lost afterwards."""
    try:
        job()
    except SystemExit as error:
        log.warning("the launcher ended with %s", error.code)


def conclude(plan: Sequence[tuple[Job, Params]]) -> list[str]:
    """A line per failed job, after ranking and recording them all, study by study."""
    failed: dict[str, str] = {}
    for study in dict.fromkeys(params.study.name for _, params in plan):
        own = [(job, params) for job, params in plan if params.study.name == study]
        jobs, params, layout = [job for job, _ in own], own[0][1], Layout(study)
        for lost in [job for job in jobs if job.state == "owed"]:
            give_up(lost, layout=layout, why=LOST)
        faults = {job.key: job for job in jobs if job.state == "failed"}
        failed |= {key: f"  {job.name}: {told(job.folder / 'failed.json')['reason']}" for key, job in faults.items()}
        ranked = keep(jobs, params=params, layout=layout, status="FAILED" if faults else "FINISHED")
        _tell(ranked, jobs=jobs, layout=layout)
    return list(failed.values())


def _tell(ranked: Any, *, jobs: Sequence[Job], layout: Layout) -> None:
    best = ranked[ranked["key"].isin([job.key for job in jobs]) & ranked["rank"].notna()]
    place = f"outputs/sweep/{layout.study}/ranking.html"
    done = sum(job.state == "finished" for job in jobs)
    first = f"; best {best['name'].iloc[0]} ({best['key'].iloc[0]})" if len(best) else ""
    sys.stderr.write(f"{done} of {len(jobs)} jobs finished{first}; ranking in {place}\n")


if __name__ == "__main__":
    main()
