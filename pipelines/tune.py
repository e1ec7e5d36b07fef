"""A search for an arm: Optuna asks, the inner validation folds answer, MLflow keeps what happened.

`python -m pipelines.tune search=network` searches, `... promote=tuned` writes the arm of its best trial to
`conf/arm/<study>/`. The same command again goes on where it was killed. It writes below `outputs/` and to the
experiment `<study>_tune`; the hold-out and the reserved part of the split are never read.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException, MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cinemyo import tables
from cinemyo.errors import CinemyoError, ConfigError
from cinemyo.layout import Layout
from cinemyo.record.tuning.runs import keep
from cinemyo.tuning.promotion import arm_file, chosen, promoted, said_of
from cinemyo.tuning.search import Tuning, as_run, best, prepare, run_search
from cinemyo.tuning.space import parse_search, values_of
from cinemyo.tuning.study import Study, Told
from pipelines.grid import arm_of_file, typed
from pipelines.stage import OFFLINE

log = logging.getLogger(__name__)
CONF: Final = Path("conf")
OWN: Final = ("search", "promote", "trial")
"""Keys of `conf/tune.yaml` beside those of a study and an arm."""
RECORD_S: Final = 30.0
"""Seconds between two visits to MLflow while a search goes on: a short trial would cost less than its record."""


def planned(values: Mapping[str, Any], *, base: Path = Path()) -> Tuning:
    """The search of a composition, bound to its study.

    Raises:
        ConfigError: a key or value that the models do not know, or a study that cannot be tuned on.
    """
    params, arm = typed({key: value for key, value in values.items() if key not in OWN}, where="tune")
    search = parse_search(values["search"], base=arm, params=params)
    return prepare(search, base=arm, params=params, layout=Layout(params.study.name, base))


def tune(tuning: Tuning) -> Study:
    """The finished search; trials are recorded as they end, and all of them are seen to at the end."""
    last = time.monotonic()

    def after(study: Study, trial: Told) -> None:
        nonlocal last
        _tell(trial, tuning=tuning)
        if time.monotonic() - last > RECORD_S:
            _record_soon(tuning, study=study)
            last = time.monotonic()

    study = run_search(tuning, after=after)
    keep(tuning, study=study, trials=study.trials(), status="FINISHED")
    return study


def _record_soon(tuning: Tuning, *, study: Study) -> None:
    """Records what has ended while the search goes on; where the store is held, the end of the search records it."""
    try:
        keep(tuning, study=study, trials=study.trials(), status=None)
    except SetupError as error:
        log.warning("%s", error)


def _tell(trial: Told, *, tuning: Tuning) -> None:
    primary = tuning.search.objectives[0]
    figure = f"{primary} {trial.figures[primary]:.4f}" if trial.state == "complete" else trial.fault
    point = ", ".join(f"{key}={value}" for key, value in trial.point.items())
    sys.stderr.write(f"trial {trial.number} {trial.state} {figure} ({point})\n")


def promote(tuning: Tuning, *, name: str, number: int | None, conf: Path) -> Path:
    """The file of the promoted arm, checked by composing it.

    Raises:
        ConfigError: no such search, trial or name, or an arm that a file cannot state.
    """
    tuning, path = as_run(tuning), conf / "arm" / tuning.layout.study / f"{name}.yaml"
    if path.exists() or not name.isidentifier() or not name.islower():
        got = f"{path}, which exists" if path.exists() else repr(name)
        raise ConfigError("promote", expected="a new name of an arm", got=got, remedy="choose another name")
    study = Study(tuning.folder / "study.db", search=tuning.search, seed=tuning.params.seed)
    trial = chosen(study, number=number)
    arm, base = promoted(tuning, trial=trial), arm_of_file("base", study=tuning.layout.study, conf=conf)
    text = arm_file(arm, base=base, groups=_groups(tuning, trial=trial, conf=conf), said=said_of(tuning, trial=trial))
    tables.write_bytes(path, text.encode())
    try:
        if arm_of_file(name, study=tuning.layout.study, conf=conf) != arm:
            remedy, got = "write the arm by hand from trials.csv", f"trial {trial.number}"
            raise ConfigError("promote", expected="an arm that a file can state", got=got, remedy=remedy)
    except ConfigError:
        path.unlink()
        raise
    return path


def _groups(tuning: Tuning, *, trial: Told, conf: Path) -> dict[str, str]:
    """Groups that a trial took whole, by the name of their file."""
    values = values_of(tuning.search, point=trial.point)
    return {key: str(trial.point[key]) for key in values if (conf / key / f"{trial.point[key]}.yaml").is_file()}


def composed(overrides: Sequence[str], *, conf: Path) -> dict[str, Any]:
    """`conf/tune.yaml` composed with overrides and resolved.

    Raises:
        ConfigError: Hydra cannot compose it.
    """
    try:
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            values: Any = OmegaConf.to_container(compose("tune", overrides=list(overrides)), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        got = " ".join(str(error).split())[:200]
        expected = "a composition"
        if isinstance(error, MissingConfigException) and error.options:
            got, expected = got.partition(" Available options")[0], f"one of {', '.join(error.options)}"
        raise ConfigError("tune", expected=expected, got=got, remedy="correct the overrides or conf/") from None
    return dict(values)


def main() -> None:
    """Searches, or promotes a trial."""
    os.environ.update({key: value for key, value in OFFLINE.items() if key not in os.environ})
    parser = argparse.ArgumentParser(prog="python -m pipelines.tune", description=__doc__)
    parser.add_argument("overrides", nargs="*", help="such as study=acdc search=network search.trials=40 promote=tuned")
    try:
        values = composed(parser.parse_args().overrides, conf=CONF)
        tuning = planned(values)
        if values["promote"] is not None:
            path = promote(tuning, name=values["promote"], number=values["trial"], conf=CONF)
            study = tuning.layout.study
            sys.stderr.write(f"wrote {path}; name it in conf/study/{study}.yaml and run `make params`\n")
            return
        _conclude(tuning, study=tune(tuning))
    except CinemyoError as error:
        sys.exit(f"{type(error).__name__}: {error}")


def _conclude(tuning: Tuning, *, study: Study) -> None:
    leading = best(study)
    settled = study.settled()
    counts = ", ".join(
        f"{sum(t.state == state for t in settled)} {state}" for state in ("complete", "pruned", "failed")
    )
    if leading is None:
        sys.exit(f"no trial is complete ({counts}): see the reasons in {tuning.folder / 'trials.csv'}")
    sys.stderr.write(f"{counts}; best trial {leading.number}; see {tuning.folder}\n")


if __name__ == "__main__":
    main()
