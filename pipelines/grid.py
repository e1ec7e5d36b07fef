"""The jobs that a command line of a sweep asks for, each composed and typed before the first of them runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from cinemyo import config
from cinemyo.config import Arm, Params
from cinemyo.errors import ConfigError
from cinemyo.launching import choice as launching
from cinemyo.layout import Layout
from cinemyo.sweeping.job import Job, job_of
from pipelines.params import composed

ARM: Final = "sweep"
NOT_OF_THE_JOB: Final = ("hydra.", "hydra/", "launcher", "workers", "study=")
"""Beginnings of overrides that say where and how a job runs, or that its folder says already."""

LAUNCHER: Final = "launcher"

NOT_OF_THE_STUDY: Final = ("workers", "launcher")
"""Keys of `conf/sweep.yaml` that say how jobs run."""


def planned(overrides: Sequence[str], *, conf: Path, base: Path = Path()) -> list[tuple[Job, Params]]:
    """The jobs in the order in which Hydra runs them.

    Raises:
        ConfigError: an override, name or value that cannot be; nothing has run then.
    """
    found = []
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        for chosen in _grid(overrides):
            name = name_of(chosen)
            params, arm = typed(_composed(chosen, name=name), where=f"sweep, job {name}")
            found.append((job_of(arm, params=params, name=name, layout=Layout(params.study.name, base)), params))
    return found


@dataclass(frozen=True)
class Way:
    """How the jobs of a command run: the same for all of them, and no part of any."""

    launcher: launching.Local | launching.Ray | launching.Slurm
    workers: int | None
    """Processes for the folds of one job."""
    is_hydra: bool
    """Whether the command names a launcher or sweeper of Hydra's own, which then runs the jobs."""


def way_of(overrides: Sequence[str], *, conf: Path) -> Way:
    """Where and how the jobs of a command line run.

    Raises:
        ConfigError: an override, name or value that cannot be.
    """
    with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
        first, *others = _grid(overrides)
        own = [item for item in first if item.startswith(LAUNCHER)]
        if any([item for item in job if item.startswith(LAUNCHER)] != own for job in others):
            remedy = "start one sweep per launcher"
            raise ConfigError("sweep, launcher", expected="one for all jobs", got="several", remedy=remedy)
        values = _composed(first, name=name_of(first))
    launcher = launching.parse(values["launcher"], where="sweep")
    return Way(launcher, values["workers"], any(item.startswith("hydra/") for item in overrides))


def name_of(overrides: Sequence[str]) -> str:
    """What a job is called: its own overrides, in alphabetical order, `base` without any."""
    return ",".join(sorted(item for item in overrides if not item.startswith(NOT_OF_THE_JOB))) or "base"


def typed(values: Mapping[str, Any], *, where: str) -> tuple[Params, Arm]:
    """The study and the arm of a composition that holds the arm at its top level.

    Raises:
        ConfigError: a key or value that the models do not know, or a crop or recipe that the study does not have.
    """
    own = {key: values[key] for key in Arm.model_fields if key in values}
    shared = {key: value for key, value in values.items() if key not in own and key not in NOT_OF_THE_STUDY}
    shared["study"] = {**shared["study"], "primary": ARM}
    shared["external"] = {"sources": {}, "arms": []}
    try:
        params = config.parse({**shared, "arms": {ARM: own}}, where=where)
    except ConfigError as error:
        raise _shortened(error, where=where) from None
    return params, params.arms[ARM]


def arm_of_file(name: str, *, study: str, conf: Path) -> Arm:
    """The arm of `conf/arm/<study>/<name>.yaml`, as a study that names it gets it.

    Raises:
        ConfigError: there is no such file, or it cannot be composed.
    """
    # by this way and not as arm@_global_: there a file of a folder would build on the base of the folder above it
    text = composed(conf, overrides=[f"study={study}", f"+arm/{study}@arms.{name}={name}"])
    return config.parse(yaml.safe_load(text), where=f"conf/arm/{study}/{name}.yaml").arms[name]


def _shortened(error: ConfigError, *, where: str) -> ConfigError:
    """A fault between several keys without the whole of the study after it."""
    expected, separator, got = error.expected.rpartition(", got ")
    if not separator:
        return error
    told = expected.removeprefix(f"arms.{ARM}.").replace(" must be ", " to be ")
    remedy = "correct the override, or sweep over a study and recipe that has it"
    return ConfigError(where, expected=told, got=got, remedy=remedy)


def _grid(overrides: Sequence[str]) -> list[list[str]]:
    try:
        parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
        (jobs,) = BasicSweeper.split_arguments(parser.parse_overrides(list(overrides)), None)
    except HydraException as error:
        raise _refused("the overrides", error) from None
    return jobs


def _composed(overrides: Sequence[str], *, name: str) -> dict[str, Any]:
    try:
        values: Any = OmegaConf.to_container(compose("sweep", overrides=list(overrides)), resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise _refused(f"job {name}", error) from None
    return dict(values)


def _refused(where: str, error: Exception) -> ConfigError:
    got = " ".join(str(error).split())[:200]
    expected = "a composition"
    if isinstance(error, MissingConfigException) and error.options:
        got = got.partition(" Available options")[0]
        expected = f"one of {', '.join(error.options)}"
    return ConfigError(f"sweep, {where}", expected=expected, got=got, remedy="correct it and run the command again")
