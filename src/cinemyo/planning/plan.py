"""The plan of a study: what each stage will take here, and what cannot fit."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from cinemyo.audit.pipeline import read_yaml
from cinemyo.config import Params
from cinemyo.errors import ConfigError, SetupError
from cinemyo.layout import Layout
from cinemyo.planning.arms import measured
from cinemyo.planning.cohort import Cohort, cohort_of
from cinemyo.planning.done import up_to_date
from cinemyo.planning.estimate import Costs, Estimate, estimates
from cinemyo.planning.images import image_cost
from cinemyo.planning.light import light_cost
from cinemyo.planning.machine import Machine, this_machine
from cinemyo.record.lineage import stage_names

GIB: Final = 2**30
OF_ARMS: Final = ("train", "explain", "robustness")
"""Stages that run the network of an arm."""


@dataclass(frozen=True)
class Plan:
    """Estimates per stage for a cohort on a machine, and the faults for which the study must not start."""

    cohort: Cohort
    machine: Machine
    rows: Sequence[Estimate]
    faults: Sequence[SetupError]

    @property
    def seconds(self) -> float:
        """Of all stages that are to run, one after the other as DVC runs them."""
        return sum(row.seconds for row in self.rows)

    @property
    def memory(self) -> int:
        """Bytes that the largest stage holds."""
        return max((row.memory for row in self.rows), default=0)

    @property
    def disk(self) -> int:
        """Bytes that will be needed at most: what is kept, and the largest that is removed again."""
        return _disk(self.rows)

    def as_values(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "cohort": asdict(self.cohort),
            "machine": asdict(self.machine),
            "stages": [asdict(row) for row in self.rows],
            "total": {"seconds": self.seconds, "memory": self.memory, "disk": self.disk},
            "fits": not self.faults,
            "faults": [str(fault) for fault in self.faults],
        }


def plan(params: Params, *, base: Path = Path()) -> Plan:
    """The plan of the study in `base`; nothing is written there.

    Raises:
        SourceError: the cohort cannot be counted.
        ConfigError: an arm's backbone cannot be built, or there is no pipeline here.
    """
    pipeline = base / "dvc.yaml"
    if not pipeline.is_file():
        remedy = "run this in the root of the project"
        raise ConfigError(str(pipeline), expected="the stages of the study", got="no file", remedy=remedy)
    stages = stage_names(read_yaml(pipeline), params=params.model_dump(mode="json"))
    done = up_to_date(params, base=base)
    cohort, machine = cohort_of(params, layout=Layout(params.study.name, base)), this_machine(base)
    if set(stages) <= done:
        rows = [Estimate(stage, 0.0, 0, 0, skipped=True) for stage in stages]
        return Plan(cohort, machine, rows, [])
    asked = {stage.partition("@")[2] for stage in stages if stage not in done and stage.partition("@")[0] in OF_ARMS}
    arms = {name: arm for name, arm in params.arms.items() if name in asked}
    costs = Costs(
        image_cost(params, cohort=cohort),
        measured(arms, recipes=params.recipes, workers=machine.workers),
        light_cost(),
    )
    rows = estimates(stages, params=params, cohort=cohort, machine=machine, costs=costs, done=done)
    return Plan(cohort, machine, rows, faults(rows, machine=machine))


def faults(rows: Sequence[Estimate], *, machine: Machine) -> list[SetupError]:
    """What does not fit, each with the remedy: the disk for all stages together, the memory for each by itself."""
    found = []
    disk = _disk(rows)
    if disk > machine.disk:
        remedy = "free space, put the project on a larger disk, or lower fit.bank.draws where arms have a bank"
        found.append(_fault("disk", need=disk, free=machine.disk, remedy=remedy))
    for row in rows:
        is_fit = row.stage.split("@")[0] in OF_ARMS
        free = machine.device_memory if is_fit else machine.memory
        if row.memory > free:
            remedy = "lower fit.batch_size or crop_px of the arm" if is_fit else "take a machine with more memory"
            found.append(_fault(f"memory of {row.stage}", need=row.memory, free=free, remedy=remedy))
    return found


def _disk(rows: Sequence[Estimate]) -> int:
    return sum(row.disk for row in rows) + max((row.passing for row in rows), default=0)


def _fault(where: str, *, need: int, free: int, remedy: str) -> SetupError:
    return SetupError(where, expected=f"{need / GIB:.1f} GiB", got=f"{free / GIB:.1f} GiB free", remedy=remedy)


def lines(found: Plan) -> list[str]:
    """The plan as people read it: a line per stage, then the totals."""
    told = [
        f"{found.cohort.cines} cines of {found.cohort.patients} patients, {found.cohort.frames} frames "
        f"({found.cohort.told_by}); {found.machine.workers} fits side by side on {found.machine.device}",
        f"{'stage':28s} {'time':>9s} {'memory':>9s} {'disk':>9s}",
    ]
    for row in found.rows:
        if row.skipped:
            told.append(f"{row.stage:28s} {'up to date':>9s}")
        else:
            line = f"{row.stage:28s} {clock(row.seconds):>9s} {size(row.memory):>9s} {size(row.disk):>9s}"
            told.append(line + (f"  and a bank of {size(row.passing)}" if row.passing else ""))
    total = f"{'total':28s} {clock(found.seconds):>9s} {size(found.memory):>9s} {size(found.disk):>9s}"
    free = f"free: {size(found.machine.memory)} of memory, {size(found.machine.disk)} of disk"
    return [*told, total, free]


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d}"
    return f"{whole // 60} min {whole % 60:02d}" if whole >= 60 else f"{whole} s"


def size(count: int) -> str:
    """Bytes as MiB or GiB."""
    return f"{count / GIB:.1f} GiB" if count >= GIB else f"{count / 2**20:.0f} MiB"
