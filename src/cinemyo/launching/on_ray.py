"""Jobs on Ray, from one machine to a cluster; the one door to it.

`hydra-ray-launcher` is not used: it asks for cloudpickle below 3, joblib 1.6 for 3 or later, and it serves Hydra's jobs
alone, where stages need the same switch.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from types import ModuleType
from typing import Any, Final

from cinemyo.cores import cores
from cinemyo.errors import ConfigError, SetupError
from cinemyo.launching.choice import Ray
from cinemyo.launching.process import Errand, Reply, answer

_REACHED_S: Final = 5.0
_ANSWERED_S: Final = 30.0
_STORE_BYTES: Final = 128 << 20
"""Memory for objects of a Ray of our own: jobs and replies are names."""
_LOOPBACK: Final = ("", "localhost", "127.0.0.1", "::1")


def run(errand: Errand, jobs: Iterable[Any], *, launcher: Ray) -> Iterator[tuple[Any, Reply]]:
    """Each job with its reply, as they finish; one whose node is lost begins again elsewhere.

    Raises:
        ConfigError: nothing answers at the address as Ray does, or no node has what a job asks for.
        SetupError: Ray is not installed.
    """
    with _connected(launcher) as ray:
        needs = {"num_cpus": launcher.cpus, "num_gpus": _gpus(ray, launcher), "max_retries": launcher.retries}
        remote = ray.remote(**needs)(answer)
        shared = ray.put(errand)
        waiting = iter(jobs)
        running: dict[Any, Any] = {}
        try:
            while True:
                for job in islice(waiting, launcher.at_once - len(running)):
                    running[remote.remote(shared, job)] = job
                if not running:
                    return
                ready, _ = ray.wait(list(running), num_returns=1)
                yield running.pop(ready[0]), _reply(ray, ready[0])
        finally:
            for reference in running:
                ray.cancel(reference, force=True)


def _reply(ray: ModuleType, reference: Any) -> Reply:
    try:
        reply: Reply = ray.get(reference)
    except ray.exceptions.RayError as error:
        return Reply("lost", f"a node or worker that was lost ({type(error).__name__})")
    return reply


def _gpus(ray: ModuleType, launcher: Ray) -> float:
    """The share of a card that a job asks for: none where no node has a card.

    Raises:
        ConfigError: no node has what a job asks for, so that it would wait for ever.
    """
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = launcher.gpus if any(node.get("GPU", 0) for node in nodes) else 0.0
    if any(node.get("CPU", 0) >= launcher.cpus and node.get("GPU", 0) >= gpus for node in nodes):
        return gpus
    most = max((int(node.get("CPU", 0)) for node in nodes), default=0)
    raise ConfigError(
        "launcher.cpus and launcher.gpus",
        expected=f"a node with {launcher.cpus} cores and {gpus:g} cards",
        got=f"{len(nodes)} nodes, {most} cores at most",
        remedy="ask for less, or start Ray with more",
    )


@contextmanager
def _connected(launcher: Ray) -> Iterator[ModuleType]:
    address = launcher.address or os.environ.get("RAY_ADDRESS") or None
    ray = _ray(loopback=address is None or _host_port(address)[0] in _LOOPBACK)
    if ray.is_initialized():
        yield ray
        return
    with _started(ray, cpus=launcher.cpus) if address is None else _joined(ray, address):
        yield ray


@contextmanager
def _joined(ray: ModuleType, address: str) -> Iterator[None]:
    _check(address)
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise _unreachable(address, got=" ".join(str(error).split())[:200]) from None
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _started(ray: ModuleType, *, cpus: int) -> Iterator[None]:
    """Ray of this machine alone, on the loopback interface, for as long as the jobs take."""
    with tempfile.TemporaryDirectory(prefix="cinemyo-ray-", ignore_cleanup_errors=True) as folder:
        ray.init(
            num_cpus=max(cores(), cpus),
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            log_to_driver=False,
            configure_logging=False,
            _node_ip_address="127.0.0.1",
            _temp_dir=folder,
        )
        try:
            yield
        finally:
            ray.shutdown()


def _ray(*, loopback: bool) -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # a card that no job asked for stays visible, as it would without Ray
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    if loopback:
        # else Ray takes 127.0.0.1 for this machine's outer address
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    try:
        import ray
    except ImportError:
        raise SetupError(
            "launcher ray", expected="the package ray", got="none", remedy="install `cinemyo[ray]`"
        ) from None
    module: ModuleType = ray
    return module


def _host_port(address: str) -> tuple[str, str]:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    return host.strip("[]"), port


def _check(address: str) -> None:
    """Refuses an address at which nothing answers as Ray does; Ray itself would try for minutes.

    Raises:
        ConfigError: nothing answers.
    """
    if address == "auto":
        return
    host, port = _host_port(address)
    if not host or not port.isdecimal():
        raise _unreachable(address, got="an address without host or port")
    try:
        socket.create_connection((host, int(port)), timeout=_REACHED_S).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, got=f"no connection ({error})") from None
    if address.startswith("ray://"):
        return
    asked = [sys.executable, "-m", "ray.scripts.scripts", "health-check", "--address", address]
    with contextlib.suppress(subprocess.TimeoutExpired):
        if subprocess.run(asked, capture_output=True, timeout=_ANSWERED_S, check=False).returncode == 0:
            return
    raise _unreachable(address, got="something that does not answer as this version of Ray")


def _unreachable(address: str, *, got: str) -> ConfigError:
    remedy = "start it there with `ray start --head`, correct launcher.address or RAY_ADDRESS, or take launcher=local"
    return ConfigError(f"launcher ray at {address}", expected="the head of a Ray cluster", got=got, remedy=remedy)
