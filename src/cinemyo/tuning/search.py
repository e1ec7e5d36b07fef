"""A search from its first trial to its last, on one study at a time, resumed wherever it was killed."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from cinemyo import tables
from cinemyo.config import Arm, Params
from cinemyo.errors import ConfigError
from cinemyo.layout import Layout
from cinemyo.provenance import digest_of, files_under, sha256
from cinemyo.sweeping.lock import alone
from cinemyo.training.arm import work_folder
from cinemyo.training.data import Samples
from cinemyo.tuning.development import SCHEME, Basis, digest, read_basis, read_samples
from cinemyo.tuning.pruning import Peer
from cinemyo.tuning.space import Search, arm_of
from cinemyo.tuning.study import Study, Told
from cinemyo.tuning.trial import Job, Outcome, clear, run_trial

log = logging.getLogger(__name__)
_CODE = tuple(Path(__file__).parents[1] / name for name in ("models", "training", "tuning"))


@dataclass
class Tuning:
    """A search bound to a study of cines: what it varies, what it may see, and where it is kept."""

    search: Search
    base: Arm
    params: Params
    layout: Layout
    basis: Basis
    folder: Path
    """`outputs/tune/<study>/<search>-<key>`; another space, arm, seed or cohort has another key."""
    _samples: dict[str, Samples] = field(default_factory=dict)

    def job(self, *, name: str, arm: Arm, peers: tuple[Peer, ...] = ()) -> Job:
        """What a trial of that arm needs."""
        return Job(
            arm=arm,
            name=name,
            samples=self.samples(arm),
            basis=self.basis,
            search=self.search,
            seed=self.params.seed,
            work=work_folder(self.layout),
            peers=peers,
            least=self.params.evaluate.bin_patients,
        )

    def samples(self, arm: Arm) -> Samples:
        """Crops and classes as that arm sees them, read once."""
        seen = json.dumps([arm.recipe, arm.crop_px, arm.phases])
        if seen not in self._samples:
            self._samples[seen] = read_samples(self.layout, basis=self.basis, arm=arm)
        return self._samples[seen]


def prepare(search: Search, *, base: Arm, params: Params, layout: Layout) -> Tuning:
    """The search bound to a study.

    Raises:
        ConfigError: the study is not prepared, or not split so that it can be tuned on.
    """
    basis = read_basis(layout, reserved=search.reserved_part, folds=search.folds)
    recipes = {base.recipe, *(search.space["recipe"].ends if "recipe" in search.space else ())}
    code = [sha256(path) for folder in _CODE for path in files_under(folder) if path.suffix == ".py"]
    key = digest_of(
        {
            "search": search.model_dump(mode="json", exclude={"trials"}),
            "base": base.model_dump(mode="json"),
            "seed": params.seed,
            "least": params.evaluate.bin_patients,
            "data": {recipe: digest(layout, basis=basis, recipe=recipe) for recipe in sorted(recipes)},
            "code": code,
            "torch": torch.__version__,
        }
    )
    folder = layout.base / "outputs" / "tune" / params.study.name / f"{search.name}-{key[:12]}"
    return Tuning(search, base, params, layout, basis, folder)


def _nothing(_study: Study, _trial: Told) -> None:
    """Follows no search."""


def run_search(tuning: Tuning, *, after: Callable[[Study, Told], None] = _nothing) -> Study:
    """The study with as many settled trials as the search wants; those of an earlier run are taken as they are.

    Raises:
        SetupError: another process runs this search, or holds its file.
        WeightsError: pretrained weights are absent.
    """
    with alone(tuning.folder / "lock", wait_s=0):
        study = Study(tuning.folder / "study.db", search=tuning.search, seed=tuning.params.seed)
        study.recover()
        _write_facts(tuning)
        while len(study.settled()) < tuning.search.trials:
            after(study, _next(tuning, study=study))
        return study


def _next(tuning: Tuning, *, study: Study) -> Told:
    settled = study.settled()
    number, point = study.ask()
    began = time.perf_counter()
    name = f"{tuning.search.name} trial {number}"
    earlier = next((trial for trial in settled if trial.point == point), None)
    if earlier is not None:
        study.tell(number, _again(earlier), seconds=0.0)
        return study.settled()[-1]
    peers = tuple(Peer(trial.cost, trial.curve) for trial in settled if trial.state == "complete")
    try:
        job = tuning.job(name=name, arm=arm_of(tuning.base, search=tuning.search, point=point), peers=peers)
    except ConfigError as error:
        study.tell(number, Outcome("failed", 0.0, (), {}, str(error)), seconds=0.0)
        return study.settled()[-1]
    outcome = run_trial(job)
    study.tell(number, outcome, seconds=round(time.perf_counter() - began, 2))
    clear(job)
    log.info("%s: %s %s", name, outcome.state, outcome.fault or outcome.figures)
    return study.settled()[-1]


def _again(earlier: Told) -> Outcome:
    """The outcome of a point that was tried before: the same fits would give the same."""
    if earlier.state == "interrupted":
        raise ValueError(earlier.number)
    return Outcome(earlier.state, earlier.cost, earlier.curve, dict(earlier.figures), earlier.fault)


def facts(tuning: Tuning) -> dict[str, Any]:
    """What the search varies and what it may see, as JSON."""
    return {
        "search": tuning.search.model_dump(mode="json"),
        "base": tuning.base.model_dump(mode="json"),
        "seed": tuning.params.seed,
        "study": tuning.params.study.name,
        "scheme": SCHEME,
        "parts": list(tuning.basis.parts),
        "validated": list(tuning.basis.validated),
        "reserved": tuning.basis.reserved,
        "cines": len(tuning.basis.folds),
        "patients": int(tuning.basis.folds["patient_id"].nunique()),
    }


def as_run(tuning: Tuning) -> Tuning:
    """The search at the place where it last ran on these cines, also by code that has changed since.

    Raises:
        ConfigError: it has not run.
    """
    wanted = _asked(facts(tuning))
    runs = [path for path in tuning.folder.parent.glob(f"{tuning.search.name}-*/search.json") if _is_of(path, wanted)]
    ran = sorted(runs, key=lambda path: (path.parent == tuning.folder, path.stat().st_mtime_ns))
    if not ran:
        got, remedy = f"none in {tuning.folder.parent}", "run it first, with the same study, search and arm"
        raise ConfigError("search", expected=f"a search {tuning.search.name} that has run", got=got, remedy=remedy)
    return replace(tuning, folder=ran[-1].parent)


def _is_of(path: Path, wanted: dict[str, Any]) -> bool:
    return _asked(json.loads(path.read_text(encoding="utf-8"))) == wanted


def _asked(told: dict[str, Any]) -> dict[str, Any]:
    """Facts without the number of trials, which may grow."""
    asked: dict[str, Any] = json.loads(json.dumps(told))
    del asked["search"]["trials"]
    return asked


def _write_facts(tuning: Tuning) -> None:
    content = (json.dumps(facts(tuning), indent=1, sort_keys=True) + "\n").encode()
    tables.write_bytes(tuning.folder / "search.json", content)


def best(study: Study) -> Told | None:
    """The complete trial that is best by the first objective, the earliest of equals; None where there is none."""
    complete = [trial for trial in study.settled() if trial.state == "complete"]
    primary = study.search.objectives[0]
    sign = -1.0 if primary == "accuracy" else 1.0
    return min(complete, key=lambda trial: (sign * trial.figures[primary], trial.number), default=None)
