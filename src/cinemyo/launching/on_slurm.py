"""Jobs on Slurm, through submitit; the one door to it.

Not through `hydra-submitit-launcher`: it raises at the first job that fails, and it serves Hydra's jobs alone, where
stages need the same switch.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from cinemyo.errors import ConfigError, SetupError
from cinemyo.launching.choice import Slurm
from cinemyo.launching.process import Errand, Reply, answer

_ANSWERED_S: Final = 10.0
_POLL_S: Final = {"local": 0.2, "slurm": 2.0}
_WORK: Final = Path(".cache") / "cinemyo" / "slurm"


@dataclass(frozen=True)
class Requeued:
    """A job as the queue sees it; one that is pre-empted or runs out of time is put into it again."""

    errand: Errand

    def __call__(self, job: Any) -> Reply:
        """The reply of the job."""
        return answer(self.errand, job)

    def checkpoint(self, job: Any) -> Any:
        """What is put into the queue: the same, for it resumes by itself."""
        return _submitit().helpers.DelayedSubmission(self, job)


@dataclass
class _Queued:
    job: Any
    handle: Any
    tries: int


def run(errand: Errand, jobs: Iterable[Any], *, launcher: Slurm) -> Iterator[tuple[Any, Reply]]:
    """Each job with its reply, as they finish; one whose node is lost is submitted again.

    Raises:
        ConfigError: no Slurm controller answers.
        SetupError: submitit is not installed.
    """
    submitit = _submitit()
    if launcher.cluster == "slurm":
        _check()
    work = errand.base / _WORK
    work.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="jobs-", dir=work))
    executor = _executor(submitit, launcher=launcher, folder=folder)
    waiting = iter(jobs)
    queued: list[_Queued] = []
    try:
        while True:
            for job in islice(waiting, launcher.at_once - len(queued)):
                queued.append(_Queued(job, executor.submit(Requeued(errand), job), 0))
            if not queued:
                return
            for item in [item for item in queued if item.handle.done()]:
                reply = _reply(submitit, item.handle)
                if reply is None and item.tries < launcher.retries:
                    item.handle, item.tries = executor.submit(Requeued(errand), item.job), item.tries + 1
                    continue
                queued.remove(item)
                yield item.job, reply or Reply("lost", f"no answer from a node, {item.tries + 1} times")
            time.sleep(_POLL_S[launcher.cluster])
    finally:
        for item in queued:
            item.handle.cancel()
        shutil.rmtree(folder, ignore_errors=True)


def _reply(submitit: ModuleType, handle: Any) -> Reply | None:
    """The reply of a job that is done; None where it left none, for its node was lost."""
    try:
        reply: Reply = handle.result()
    except submitit.core.utils.UncompletedJobError:
        return None
    except submitit.core.utils.FailedJobError as error:
        return Reply("lost", " ".join(str(error).split())[-300:])
    return reply


def _executor(submitit: ModuleType, *, launcher: Slurm, folder: Path) -> Any:
    executor = submitit.AutoExecutor(folder=folder, cluster=launcher.cluster)
    values: dict[str, Any] = {
        "name": "cinemyo",
        "timeout_min": launcher.minutes,
        "cpus_per_task": launcher.cpus,
        "mem_gb": launcher.memory_gb,
        "slurm_partition": launcher.partition,
        "slurm_account": launcher.account,
        "slurm_setup": list(launcher.setup) or None,
        "gpus_per_node": launcher.gpus or None,
    }
    executor.update_parameters(**{key: value for key, value in values.items() if value is not None})
    return executor


def _submitit() -> ModuleType:
    try:
        import submitit
    except ImportError:
        remedy = "install `cinemyo[slurm]`"
        raise SetupError("launcher slurm", expected="the package submitit", got="none", remedy=remedy) from None
    module: ModuleType = submitit
    return module


def _check() -> None:
    """Refuses where no Slurm controller answers; sbatch itself would try for minutes.

    Raises:
        ConfigError: no controller answers.
    """
    if shutil.which("sbatch") is None or shutil.which("scontrol") is None:
        raise _unreachable("this machine", got="no sbatch on the path")
    try:
        asked = subprocess.run(["scontrol", "ping"], capture_output=True, text=True, timeout=_ANSWERED_S, check=False)
    except subprocess.TimeoutExpired:
        raise _unreachable("the controller of slurm.conf", got=f"no answer in {_ANSWERED_S:g} s") from None
    told = " ".join((asked.stdout or asked.stderr).split())
    if asked.returncode or " UP" not in told:
        raise _unreachable(
            "the controller of slurm.conf", got=told[:200] or f"exit {asked.returncode} of scontrol ping"
        )


def _unreachable(where: str, *, got: str) -> ConfigError:
    remedy = "run it on a node from which `sbatch` works, ask who runs the cluster, or take launcher=local"
    return ConfigError(f"launcher slurm at {where}", expected="a Slurm controller", got=got, remedy=remedy)
