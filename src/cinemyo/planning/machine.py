"""What this machine has free: cores, memory, disk, and the device of the fits."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from cinemyo.training.answer import device
from cinemyo.training.parallel import default_workers

_LIMITS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True)
class Machine:
    """Free memory and disk in bytes, and how many fits run side by side."""

    cores: int
    workers: int
    memory: int
    disk: int
    device: str
    device_memory: int
    """Of the card; that of the machine where fits run on the CPU."""


def this_machine(base: Path = Path()) -> Machine:
    """The machine that this runs on, as it is now."""
    memory = free_memory()
    is_cpu = device().type == "cpu"
    return Machine(
        cores=os.cpu_count() or 1,
        workers=default_workers(),
        memory=memory,
        disk=shutil.disk_usage(base.resolve()).free,
        device="cpu" if is_cpu else torch.cuda.get_device_name(0),
        device_memory=memory if is_cpu else int(torch.cuda.mem_get_info()[0]),
    )


def free_memory() -> int:
    """Bytes that can be had without swapping, within the limit of a container."""
    free = [_available()]
    for path in _LIMITS:
        said = path.read_text().strip() if path.is_file() else "max"
        free += [int(said)] if said.isdecimal() else []
    return min(free)


def _available() -> int:
    info = Path("/proc/meminfo")
    if info.is_file():
        lines = dict(line.split(":", 1) for line in info.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) << 10
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
