"""The places where jobs may run, as typed values of `conf/launcher/`; none of them is a parameter of a result."""

import os
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from cinemyo.config.base import Count, Frozen
from cinemyo.errors import ConfigError

VARIABLE: Final = "CINEMYO_LAUNCHER"
"""Names the file of `conf/launcher/` that the stages use; where it is unset, this machine."""
FOLDER: Final = Path("conf") / "launcher"


class Local(Frozen):
    """Processes of this machine."""

    kind: Literal["local"]
    at_once: Count
    """Jobs side by side; they share the cores."""


class Ray(Frozen):
    """Ray: a cluster that runs already, or one of this machine alone for as long as the jobs take."""

    kind: Literal["ray"]
    address: str | None
    """`host:6379` or `ray://host:10001`; null: what RAY_ADDRESS says, else this machine."""
    at_once: Count
    cpus: Count
    """Cores of a job."""
    gpus: Annotated[float, Field(ge=0)]
    """Share of a card that a job asks for, where the cluster has cards."""
    retries: Annotated[int, Field(ge=0)]
    """How often a job whose node was lost begins again."""
    shares: Count
    """Into how many jobs a stage that goes cine by cine is cut."""


class Slurm(Frozen):
    """Slurm through submitit; `cluster: local` takes the same way with processes of this machine."""

    kind: Literal["slurm"]
    cluster: Literal["slurm", "local"]
    at_once: Count
    cpus: Count
    gpus: Annotated[int, Field(ge=0)]
    memory_gb: Annotated[float, Field(gt=0)]
    minutes: Count
    """The longest that a job may take before it is put into the queue again, from its last epoch."""
    partition: str | None
    account: str | None
    retries: Annotated[int, Field(ge=0)]
    shares: Count
    setup: tuple[str, ...]
    """Shell lines before a job, such as `module load cuda`."""


Launcher = Annotated[Local | Ray | Slurm, Field(discriminator="kind")]
_MODEL: Final = TypeAdapter[Local | Ray | Slurm](Launcher)
HERE: Final = Local(kind="local", at_once=1)


def parse(values: object, *, where: str) -> Local | Ray | Slurm:
    """The launcher that these values describe.

    Raises:
        ConfigError: a key or value that no launcher knows.
    """
    try:
        return _MODEL.validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(["launcher", *(str(part) for part in first["loc"][1:])])
        raise ConfigError(
            where, expected=f"a launcher ({key}: {first['msg']})", got=repr(first["input"])[:100], remedy="correct it"
        ) from None


def chosen(*, folder: Path = FOLDER) -> Local | Ray | Slurm:
    """The launcher that CINEMYO_LAUNCHER names, by default this machine.

    Raises:
        ConfigError: there is no such file, or it holds a key or value that no launcher knows.
    """
    name = os.environ.get(VARIABLE, "")
    if name in ("", HERE.kind):
        return HERE
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(item.stem for item in folder.glob("*.yaml"))) or "none"
        raise ConfigError(VARIABLE, expected=f"one of {known}", got=repr(name), remedy=f"or write {path}")
    return parse(yaml.safe_load(path.read_text(encoding="utf-8")), where=str(path))
