"""Checks of the environment, each with what was found and the remedy of its fault."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

from cinemyo import config
from cinemyo.deid.keys import KEY_VARIABLE, load_key
from cinemyo.errors import CinemyoError

FREE_GB: Final = 5
MALICIOUS: Final = {"lightning": {"2.6.2", "2.6.3"}}
INSTALL: Final = "run `make install`"


@dataclass(frozen=True)
class Check:
    """One check: what was found, and the remedy where it is a fault."""

    name: str
    found: str
    remedy: str | None = None

    @property
    def ok(self) -> bool:
        """Whether there is nothing to remedy."""
        return self.remedy is None

    def __str__(self) -> str:
        """The line that is shown."""
        return f"{'ok   ' if self.ok else 'fault'}  {self.name}: {self.found}" + ("" if self.ok else f"; {self.remedy}")


def examine(base: Path = Path()) -> list[Check]:
    """All checks, in the order in which their faults should be remedied."""
    return [check(base) for check in CHECKS]


def check_python(_base: Path) -> Check:
    """Python itself."""
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Check("python", found, None if sys.version_info >= (3, 11) else "install Python 3.11 or newer")


def check_packages(_base: Path) -> Check:
    """Versions of what `pyproject.toml` asks for, and no release that is known to be malicious."""
    wanted = [Requirement(line) for line in importlib.metadata.requires("cinemyo") or ()]
    faults = [fault for item in wanted if item.marker is None and (fault := _fault_of(item))]
    bad = [
        f"{name} {_version(name)} is malicious" for name, versions in MALICIOUS.items() if _version(name) in versions
    ]
    if bad or faults:
        return Check("packages", "; ".join(bad + faults), "remove it and rotate what it could read" if bad else INSTALL)
    return Check("packages", f"{len([item for item in wanted if item.marker is None])} as required")


def _fault_of(item: Requirement) -> str | None:
    version = _version(item.name)
    if version is None:
        return f"{item.name} is not installed"
    return (
        None if item.specifier.contains(version, prereleases=True) else f"{item.name} {version} is not {item.specifier}"
    )


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_torch(_base: Path) -> Check:
    """Torch and torchvision from one build: a mixed pair breaks `import timm`."""
    try:
        import torch
        import torchvision
    except (ImportError, RuntimeError, OSError) as error:
        return Check("torch pair", str(error).splitlines()[0], INSTALL)
    builds = [module.__version__.partition("+")[2] for module in (torch, torchvision)]
    found = f"torch {torch.__version__}, torchvision {torchvision.__version__}"
    if (builds[0] == "cpu") != (builds[1] == "cpu") or not hasattr(torch.ops.torchvision, "nms"):
        return Check("torch pair", found, "install both from one index: " + INSTALL)
    return Check("torch pair", found)


def check_gpu(_base: Path) -> Check:
    """The GPU, if there is one; none is no fault."""
    import torch

    if not torch.cuda.is_available():
        return Check("gpu", f"none: fits run on {os.cpu_count()} CPU cores")
    memory = torch.cuda.get_device_properties(0).total_memory / 2**30
    return Check("gpu", f"{torch.cuda.get_device_name(0)}, {memory:.0f} GiB")


def check_codecs(_base: Path) -> Check:
    """Decoders of compressed DICOM."""
    from cinemyo.sources.codecs import missing, plugins

    lacking = missing()
    if lacking:
        return Check("codecs", f"no decoder for {', '.join(lacking)}", INSTALL)
    return Check("codecs", ", ".join(f"{name} ({found[0]})" for name, found in plugins().items()))


def check_disk(base: Path) -> Check:
    """Free space where the project lies."""
    free = shutil.disk_usage(base.resolve()).free / 1e9
    return Check("disk", f"{free:.0f} GB free", None if free >= FREE_GB else f"free at least {FREE_GB} GB")


def check_git(base: Path) -> Check:
    """git, and a work tree."""
    if shutil.which("git") is None:
        return Check("git", "not found", "install git")
    inside = _answer(["git", "rev-parse", "--is-inside-work-tree"], base=base) == "true"
    version = (_answer(["git", "--version"], base=base) or "git").removeprefix("git version ")
    return Check("git", version if inside else "no work tree here", None if inside else "run this in a clone")


def check_dvc(base: Path) -> Check:
    """DVC, set up here, and silent."""
    version = _version("dvc")
    if version is None:
        return Check("dvc", "not installed", INSTALL)
    if not (base / ".dvc").is_dir():
        return Check("dvc", f"{version}, no .dvc folder here", "run this in the root of the project")
    local = base / ".dvc" / "config"
    quiet = "analytics = false" in (local.read_text(encoding="utf-8") if local.is_file() else "")
    if not quiet and not os.environ.get("DVC_NO_ANALYTICS"):
        return Check("dvc", f"{version}, analytics on", "run `dvc config core.analytics false`")
    return Check("dvc", f"{version}, analytics off")


def check_store(base: Path) -> Check:
    """The tracking store."""
    from cinemyo.record.tracking import STORE, fault

    wrong = fault(base)
    where = "the server of " + STORE if os.environ.get(STORE) else "mlruns/mlflow.db"
    if wrong:
        return Check(
            "tracking store", f"{where}: {wrong}", f"start it, or unset {STORE}, or delete mlruns/ and `make repro`"
        )
    return Check("tracking store", where)


def check_offline(_base: Path) -> Check:
    """Settings that keep the libraries silent; the stages set the first two themselves."""
    on = [
        name
        for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK")
        if os.environ.get(name, "true").lower() in ("false", "0")
    ]
    if on:
        return Check("offline", f"{', '.join(on)} allows telemetry", f"unset {' '.join(on)}")
    forbidden = os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    downloads = "forbidden" if forbidden else "only for weights `imagenet` (HF_HUB_OFFLINE=1 forbids them)"
    return Check("offline", f"no telemetry; downloads {downloads}")


def check_key(_base: Path) -> Check:
    """The key of the pseudonyms; its id, never its bytes."""
    if not os.environ.get(KEY_VARIABLE):
        return Check("key", f"{KEY_VARIABLE} is unset: enough for phantoms and ACDC, not for people's DICOM")
    try:
        return Check("key", f"{load_key('file')}")
    except CinemyoError as error:
        return Check("key", f"expected {error.expected}, got {error.got}", error.remedy)


def check_params(base: Path) -> Check:
    """`params.yaml`."""
    try:
        params = config.load(base / "params.yaml")
    except CinemyoError as error:
        return Check("params", f"expected {error.expected}, got {error.got}", error.remedy)
    return Check("params", f"study {params.study.name}, arms {', '.join(params.arms)}")


def check_oversight(base: Path) -> Check:
    """The permission of the study: what a study of people lacks, and dates of retention that are past."""
    from cinemyo.record.oversight import missing, overdue

    try:
        params = config.load(base / "params.yaml")
    except CinemyoError:
        return Check("oversight", "no params.yaml to read it from")
    past = [*overdue(params.oversight, today=datetime.now(UTC).date())]
    if past:
        return Check("oversight", "; ".join(past), "run `cinemyo audit dispose`, or correct the date in conf/study")
    lacking = missing(params)
    if lacking:
        return Check("oversight", f"not stated: {', '.join(lacking)}", "state it in conf/study")
    own = params.oversight
    until = f"images until {own.images_until}" if own.images_until else "no date of retention"
    return Check("oversight", f"{own.consent_basis.replace('_', ' ')}, {until}")


def _answer(command: list[str], *, base: Path) -> str | None:
    try:
        done = subprocess.run(command, cwd=base, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


CHECKS: Final[tuple[Callable[[Path], Check], ...]] = (
    check_python,
    check_packages,
    check_torch,
    check_gpu,
    check_codecs,
    check_disk,
    check_git,
    check_dvc,
    check_store,
    check_offline,
    check_key,
    check_params,
    check_oversight,
)
