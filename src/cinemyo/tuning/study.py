"""The study of a search in an SQLite file, asked and told; the only door to optuna."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from cinemyo.errors import SetupError
from cinemyo.provenance import digest_of
from cinemyo.tuning.objectives import DIRECTIONS
from cinemyo.tuning.space import Choices, Domain, Integers, Objective, Search, Value
from cinemyo.tuning.trial import Outcome

WAIT_S: Final = 20.0
"""How long a write waits for another process that holds the file."""
LEAST: Final = 5
"""Complete trials below which nothing is said of importance."""
PER_FOLD: Final = 10_000
"""Steps in which Optuna counts the work of a fold."""
_OUTCOME: Final = "outcome"
_STATES: Final = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


@dataclass(frozen=True)
class Told:
    """A trial that came to an end by itself, or (state `interrupted`) with its process."""

    number: int
    state: Literal["complete", "pruned", "failed", "interrupted"]
    point: Mapping[str, Value]
    cost: float
    curve: tuple[tuple[float, float], ...]
    figures: Mapping[Objective, float]
    """Every objective of a complete trial."""
    fault: str
    seconds: float
    """Of the process that finished it."""


class Study:
    """Points asked for and outcomes told, of one search; every answer is in the file before the next question.

    The point at a place hangs on the seed, the place and the trials told before it, not on who asks or how often:
    a search that was killed and resumed asks for the points of an undisturbed one.

    Raises:
        SetupError: the file is held by another process, or is no database of Optuna.
    """

    def __init__(self, path: Path, *, search: Search, seed: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.path, self.search, self.seed = path, search, seed
        self._asked: dict[int, optuna.Trial] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._answering():
            wait = {"connect_args": {"timeout": WAIT_S}}
            self._study = optuna.create_study(
                storage=optuna.storages.RDBStorage(f"sqlite:///{path.as_posix()}", engine_kwargs=wait),
                study_name=search.name,
                directions=[DIRECTIONS[objective] for objective in search.objectives],
                load_if_exists=True,
            )

    def trials(self) -> list[Told]:
        """All trials that have ended, in order."""
        with self._answering():
            frozen = self._study.get_trials(deepcopy=False)
        return [_told(trial) for trial in frozen if trial.state.is_finished()]

    def settled(self) -> list[Told]:
        """The trials that count: those that came to an end by themselves."""
        return [trial for trial in self.trials() if trial.state != "interrupted"]

    def recover(self) -> None:
        """Settles what a killed process left running: its outcome is told, or it failed and its point waits again."""
        with self._answering():
            for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                if _OUTCOME in trial.user_attrs:
                    self._settle(trial.number, trial.user_attrs[_OUTCOME])
                    continue
                self._study.tell(trial.number, state=TrialState.FAIL)
                # a point that was not yet written whole is asked for anew, and is the same
                if set(trial.params) == set(self.search.space):
                    self._study.enqueue_trial(trial.params)

    def ask(self) -> tuple[int, dict[str, Value]]:
        """Number and point of the next trial."""
        place = len(self.settled())
        with self._answering():
            self._study.sampler = _sampler(self.search, seed=self.seed, place=place)
            trial = self._study.ask({key: _distribution(domain) for key, domain in self.search.space.items()})
        self._asked[trial.number] = trial
        return trial.number, dict(trial.params)

    def tell(self, number: int, outcome: Outcome, *, seconds: float) -> None:
        """Keeps the outcome of a trial."""
        values = {**asdict(outcome), "seconds": seconds}
        trial = self._asked.pop(number)
        with self._answering():
            self._report(trial, outcome)
            trial.set_user_attr(_OUTCOME, values)
            self._settle(number, values)

    def importances(self) -> dict[str, float]:
        """Share of each field in reaching the front; nothing of fewer than five complete trials.

        Source: Watanabe 2023, IJCAI:4389 (PED-ANOVA)
        """
        if sum(trial.state == "complete" for trial in self.settled()) < LEAST:
            return {}
        with self._answering():
            found = optuna.importance.get_param_importances(self._study)
        return {key: float(value) for key, value in sorted(found.items(), key=lambda item: (-item[1], item[0]))}

    def front(self) -> list[int]:
        """Numbers of the complete trials that no other one beats in every objective; of one objective, the best."""
        with self._answering():
            return sorted(trial.number for trial in self._study.best_trials)

    def _report(self, trial: optuna.Trial, outcome: Outcome) -> None:
        # Optuna knows the figure of a pruned trial by its reports, and takes none for several objectives
        if outcome.state == "pruned" and len(self.search.objectives) == 1:
            for work, value in outcome.curve:
                trial.report(value, round(PER_FOLD * work))

    def _settle(self, number: int, values: Mapping[str, Any]) -> None:
        complete = values["state"] == "complete"
        told = [values["figures"][objective] for objective in self.search.objectives] if complete else None
        self._study.tell(number, told, state=_STATES[values["state"]])

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
            cause = error.__cause__ if isinstance(error, optuna.exceptions.StorageInternalError) else error
            got = str(getattr(cause, "orig", None) or cause or error).splitlines()[0][:160]
            remedy = "end the process that holds the file, or move a broken one away, and run it again"
            raise SetupError(str(self.path), expected="a study that can be written", got=got, remedy=remedy) from None


def _sampler(search: Search, *, seed: int, place: int) -> BaseSampler:
    own = int(digest_of([seed, place])[:8], 16)
    if search.sampler == "random":
        return RandomSampler(seed=own)
    return TPESampler(seed=own, n_startup_trials=search.startup)


def _distribution(domain: Domain) -> BaseDistribution:
    if isinstance(domain, Choices):
        return CategoricalDistribution(list(domain.labelled))
    if isinstance(domain, Integers):
        return IntDistribution(domain.low, domain.high, log=domain.scale == "log", step=domain.step)
    return FloatDistribution(domain.low, domain.high, log=domain.scale == "log")


def _told(trial: FrozenTrial) -> Told:
    outcome = trial.user_attrs.get(_OUTCOME)
    if outcome is None:
        return Told(trial.number, "interrupted", trial.params, 0.0, (), {}, "", 0.0)
    return Told(
        number=trial.number,
        state=outcome["state"],
        point=trial.params,
        cost=outcome["cost"],
        curve=tuple((work, value) for work, value in outcome["curve"]),
        figures=outcome["figures"],
        fault=outcome["fault"],
        seconds=outcome["seconds"],
    )
