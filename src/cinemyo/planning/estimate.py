"""From counts and costs to the time, memory and disk of each stage."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from cinemyo.config import Arm, Params
from cinemyo.labels import LEAKY_SCHEMES
from cinemyo.planning.arms import FitCost, drawn, side_of
from cinemyo.planning.cohort import Cohort
from cinemyo.planning.images import ImageCost
from cinemyo.planning.light import LightCost
from cinemyo.planning.machine import Machine

_KEPT_TWICE: Final = 2
"""An output lies in the workspace and in DVC's cache."""
_PROCESS: Final = 500 << 20
"""Bytes of a process that reads images or tables, before any of them."""
_FLOATS: Final = 24
"""Bytes per pixel of a cine that is read, located or resampled: three arrays of 64 bit."""
_EXCHANGES: Final = 6
"""Answers beside the heat maps of a cine: its heart and its background exchanged for those of donors."""
_PUT_OFF: Final = 4
"""Answers per cine where its preparation was put off, and canvases made for them in one process."""


@dataclass(frozen=True)
class Estimate:
    """What one stage will take: seconds, bytes held at most, bytes written and kept."""

    stage: str
    seconds: float
    memory: int
    disk: int
    skipped: bool = False
    passing: int = 0
    """Bytes that are written and removed again before the stage ends."""


@dataclass(frozen=True)
class Costs:
    """What was measured here."""

    images: ImageCost
    arms: Mapping[str, FitCost]
    light: LightCost


@dataclass(frozen=True)
class _Study:
    params: Params
    cohort: Cohort
    machine: Machine
    costs: Costs

    @property
    def image_memory(self) -> int:
        pixels = self.cohort.pixels / max(1, self.cohort.cines)
        return int((self.machine.cores + 1) * _PROCESS // 2 + self.machine.cores * pixels * _FLOATS)

    def answered(self, arm: Arm) -> int:
        """Cines that the models of the test folds answer."""
        held = self.params.split.holdout_share if self.params.split.protocol == "honest" else 0.0
        return round(self.cohort.cines * (1 - held))


def estimates(
    stages: Collection[str],
    *,
    params: Params,
    cohort: Cohort,
    machine: Machine,
    costs: Costs,
    done: Collection[str] = (),
) -> list[Estimate]:
    """An estimate per stage, in their order; what is `done` takes nothing."""
    study = _Study(params, cohort, machine, costs)
    rows = []
    for stage in stages:
        kind, _, item = stage.partition("@")
        seconds, memory, disk = (0.0, 0, 0) if stage in done else _KINDS.get(kind, _other)(study, item)
        passing = 0 if stage in done or kind != "train" else _bank(study, item)
        rows.append(Estimate(stage, seconds, memory, disk, stage in done, passing))
    return rows


def _phantom(study: _Study, _item: str) -> tuple[float, int, int]:
    costs, cines = study.costs.images, study.cohort.cines
    disk = int(cines * costs.source_bytes * _KEPT_TWICE)
    return study.costs.light.start + cines * costs.generate, _PROCESS, disk


def _ingest(study: _Study, _item: str) -> tuple[float, int, int]:
    costs, cines = study.costs.images, study.cohort.cines
    disk = int(cines * costs.ingested_bytes * _KEPT_TWICE)
    return study.costs.light.start + cines * costs.ingest, study.image_memory, disk


def _locate(study: _Study, _item: str) -> tuple[float, int, int]:
    return study.costs.light.start + study.cohort.cines * study.costs.images.locate, study.image_memory, 0


def _prepare(study: _Study, item: str) -> tuple[float, int, int]:
    costs, cines = study.costs.images, study.cohort.cines
    disk = int(cines * costs.prepared_bytes[item] * _KEPT_TWICE)
    return study.costs.light.start + cines * costs.prepare[item], study.image_memory, disk


def _train(study: _Study, item: str) -> tuple[float, int, int]:
    """Folds run side by side; each cine is in the test part of one and in the validation part of another."""
    arm, cost, params = study.params.arms[item], study.costs.arms[item], study.params
    folds, cines = params.split.folds, study.answered(study.params.arms[item])
    part = cines / folds
    learnt = cines - (2 if arm.scheme == "honest" else 1) * part
    steps = -(-learnt // arm.fit.batch_size)
    # from a bank a cine is watched by the trained blocks alone: forward, of a step's forward and two ways back
    watched = cost.per_step / arm.fit.batch_size / 3 if arm.fit.bank else cost.per_answer
    per_epoch = steps * cost.per_step * (learnt / steps / arm.fit.batch_size) + part * watched
    fold = cost.start + arm.fit.epochs * (per_epoch + cost.per_epoch) + 2 * part * cost.per_answer
    rounds = -(-folds // study.machine.workers)
    seconds = rounds * fold + _banks(study, arm) * cines * (1 + drawn(arm)) * cost.per_kept
    crops = cines * len(arm.phases) * side_of(arm, recipes=params.recipes) ** 2
    memory = study.machine.workers * (cost.memory + crops)
    return study.costs.light.torch_start + seconds, memory, folds * cost.model * (_KEPT_TWICE + 1)


def _banks(study: _Study, arm: Arm) -> int:
    """How many banks an arm makes: a network from scratch starts differently in every fold."""
    if arm.fit.bank is None:
        return 0
    return study.params.split.folds if arm.backbone.weights == "none" else 1


def _bank(study: _Study, item: str) -> int:
    arm = study.params.arms[item]
    return _banks(study, arm) * study.answered(arm) * (1 + drawn(arm)) * study.costs.arms[item].kept


def _explain(study: _Study, item: str) -> tuple[float, int, int]:
    cost, light = study.costs.arms[item], study.costs.light
    cines, crops = study.answered(study.params.arms[item]), study.params.explain.correct_drawn
    seconds = cines * (1.5 * cost.per_heat + _EXCHANGES * cost.per_answer + light.explained)
    shown = crops + light.wrong * cines
    disk = int(shown * light.drawn_bytes * _KEPT_TWICE)
    return light.torch_start + seconds + shown * light.drawn, cost.memory, disk


def _robustness(study: _Study, item: str) -> tuple[float, int, int]:
    arm, light = study.params.arms[item], study.costs.light
    if arm.scheme in LEAKY_SCHEMES or arm.is_control:
        return light.start, _PROCESS, 0
    cost, cines = study.costs.arms[item], study.answered(arm)
    seconds = cines * (_PUT_OFF * cost.per_answer + light.put_off)
    return light.torch_start + seconds, cost.memory, 0


def _evaluate(study: _Study, _item: str) -> tuple[float, int, int]:
    light, arms, cines = study.costs.light, len(study.params.arms), study.cohort.cines
    seconds = light.torch_start + arms * (light.evaluated_arm + cines * light.evaluated_cine)
    return seconds, int(_PROCESS * 2 + arms * cines * light.evaluated_bytes), arms << 20


def _leakage(study: _Study, _item: str) -> tuple[float, int, int]:
    light = study.costs.light
    return light.torch_start + study.cohort.cines * light.leakage, _PROCESS * 2, 0


def _record(study: _Study, _item: str) -> tuple[float, int, int]:
    light, arms = study.costs.light, study.params.arms
    models = sum(study.params.split.folds * cost.model for cost in study.costs.arms.values())
    return light.torch_start + len(arms) * light.recorded, _PROCESS * 2, models + (len(arms) * 25 << 20)


def _other(study: _Study, _item: str) -> tuple[float, int, int]:
    return study.costs.light.start + study.costs.light.other, _PROCESS, 0


_KINDS: Final[dict[str, Callable[[_Study, str], tuple[float, int, int]]]] = {
    "phantom": _phantom,
    "ingest": _ingest,
    "locate": _locate,
    "prepare": _prepare,
    "train": _train,
    "explain": _explain,
    "robustness": _robustness,
    "evaluate": _evaluate,
    "leakage": _leakage,
    "record": _record,
}
