"""One job of a sweep: known by what its result hangs on, done once, its end told by files.

A job is a pure function of study, arm and seed. It writes below `outputs/sweep/<study>/<key>/` alone; `metrics.json` is
written last, so that a job with it is finished and one without it is owed, whatever was killed in between.
"""

import json
import logging
import shutil
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import torch

from cinemyo import tables
from cinemyo.config import Arm, Params
from cinemyo.errors import ConfigError
from cinemyo.labels import CLASSES, LEAKY_SCHEMES
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of, files_under, sha256
from cinemyo.sweeping.cost import cost_of
from cinemyo.sweeping.lock import alone
from cinemyo.sweeping.reason import reason
from cinemyo.sweeping.validation import validation_figures, validation_rows
from cinemyo.training.arm import Outputs, run_arm, work_folder
from cinemyo.training.data import read_inputs

log = logging.getLogger(__name__)
State = Literal["finished", "failed", "owed"]
KEY_LENGTH: Final = 16
_CODE: Final = tuple(Path(__file__).parents[1] / name for name in ("models", "training"))


@dataclass(frozen=True)
class Job:
    """An arm under the name of its overrides, what its result hangs on, and where it is written."""

    name: str
    arm: Arm
    seed: int
    basis: str
    """Digest of what all jobs of one ranking share: cines, labels, phases, folds, and the code of training."""
    key: str
    """Digest of the basis, the arm, the seed and the canvases."""
    folder: Path
    links: str | None = None
    """Of an arm with permuted labels: the sheet of persons with several numbers."""

    @property
    def state(self) -> State:
        """Whether there is a result, a failure, or neither yet."""
        if (self.folder / "metrics.json").is_file():
            return "finished"
        return "failed" if (self.folder / "failed.json").is_file() else "owed"


def sweep_folder(layout: Layout) -> Path:
    """Where the jobs of a study's sweeps lie, and their ranking."""
    return layout.base / "outputs" / "sweep" / layout.study


def job_of(arm: Arm, *, params: Params, name: str, layout: Layout) -> Job:
    """The job of an arm on a prepared study.

    Raises:
        ConfigError: the study is not prepared, or the arm's scheme has no validation part to choose by.
    """
    _refuse_unchoosable(arm, name=name)
    read = [layout.cines, layout.labels, layout.phases, layout.folds]
    prepared = layout.prepared(arm.recipe)
    links = params.split.links if arm.labels == "permuted" else None
    sheets = [layout.base / links] if links else []
    absent = [path for path in [*read, prepared / "prepared.csv", *sheets] if not path.is_file()]
    if absent:
        expected, got = f"a prepared study {layout.study}", f"no {absent[0].relative_to(layout.base).as_posix()}"
        raise ConfigError(f"sweep, job {name}", expected=expected, got=got, remedy="run `make repro`")
    basis = digest_of([[_digest(path, _stamp(path)) for path in read], _code(), torch.__version__])
    values = [basis, arm.model_dump(mode="json"), params.seed, _digest(prepared, _stamp(prepared))]
    values += [_digest(sheet, _stamp(sheet)) for sheet in sheets]
    key = digest_of(values)[:KEY_LENGTH]
    return Job(name, arm, params.seed, basis[:KEY_LENGTH], key, sweep_folder(layout) / key, links)


def _refuse_unchoosable(arm: Arm, *, name: str) -> None:
    if arm.scheme == "honest" or arm.scheme == "paper_holdout":
        return
    why = "leaky" if arm.scheme in LEAKY_SCHEMES else "its folds have no validation part"
    raise ConfigError(
        f"sweep, job {name}: scheme",
        expected="one with a validation part, honest or paper_holdout, for nothing is chosen on a test part",
        got=f"{arm.scheme} ({why})",
        remedy="sweep over a study of protocol honest",
    )


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@cache
def _digest(path: Path, stamp: tuple[int, int]) -> str:
    """Of a file or folder, once per process as long as it keeps its stamp."""
    return sha256(path)


@cache
def _code() -> str:
    return digest_of([sha256(path) for folder in _CODE for path in files_under(folder) if path.suffix == ".py"])


def run_job(job: Job, *, layout: Layout, workers: int | None = None) -> State:
    """The state of the job after it was run; one that is finished, here or by another process, is taken as it is.

    A crash is written down and ends nothing else. What was trained before a kill is kept, to the epoch.
    """
    with alone(job.folder / "lock"):
        if job.state == "finished":
            log.info("job %s (%s) is finished already", job.key, job.name)
            return "finished"
        (job.folder / "failed.json").unlink(missing_ok=True)
        attempt = _begin(job, layout=layout)
        try:
            _fit(job, layout=layout, workers=workers, attempt=attempt)
        except Exception as error:
            log.exception("job %s (%s) failed", job.key, job.name)
            _write(job.folder / "failed.json", {"reason": reason(error)})
        return job.state


def run_apart(owed: tuple[Job, Layout]) -> State:
    """As `run_job`, in a process that a launcher has given the job."""
    return run_job(owed[0], layout=owed[1])


def give_up(job: Job, *, layout: Layout, why: str) -> None:
    """Writes down that a job came to no end of its own, such as one whose process was killed for its memory."""
    with alone(job.folder / "lock"):
        if job.state == "owed":
            _begin(job, layout=layout)
            _write(job.folder / "failed.json", {"reason": why})


def told(path: Path) -> dict[str, Any]:
    """What a file of a job tells; nothing where it is absent."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def _begin(job: Job, *, layout: Layout) -> int:
    """Writes what the job is, and returns the number of this attempt, from 1."""
    attempt = int(told(job.folder / "job.json").get("attempts", 0)) + 1
    own: dict[str, Any] = {
        "name": job.name,
        "key": job.key,
        "basis": job.basis,
        "study": layout.study,
        "seed": job.seed,
    }
    own |= {"folds": sha256(layout.folds), "attempts": attempt, "arm": job.arm.model_dump(mode="json")}
    _write(job.folder / "job.json", own)
    return attempt


def _fit(job: Job, *, layout: Layout, workers: int | None, attempt: int) -> None:
    start = time.monotonic()
    inputs = read_inputs(layout, arm=job.arm, seed=job.seed, links=job.links)
    cost = cost_of(job.arm, side=int(inputs.samples.images.shape[-1]))
    passing = job.folder / "passing"
    out = Outputs(passing / "models", passing / "predictions.csv", job.folder / "history.csv")
    result = run_arm(
        job.arm, name="sweep", seed=job.seed, inputs=inputs, out=out, work=work_folder(layout), workers=workers
    )
    rows = validation_rows(result.predictions)
    tables.write(rows, table=tables.predictions(job.arm.target), path=job.folder / "predictions.csv")
    # models of a job are not kept: an arm that is promoted is trained on the record, and six folds of one large network
    # are gigabytes
    shutil.rmtree(passing)
    # what a killed attempt had trained is not in this clock
    seconds = round(time.monotonic() - start, 1) if attempt == 1 else None
    figures = validation_figures(rows, classes=CLASSES[job.arm.target])
    _write(job.folder / "metrics.json", {**figures, **asdict(cost), "seconds": seconds})


def _write(path: Path, values: dict[str, Any]) -> None:
    tables.write_bytes(path, (json.dumps(values, indent=1, sort_keys=True) + "\n").encode())
