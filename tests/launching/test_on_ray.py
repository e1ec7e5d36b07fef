"""The head of a Ray cluster that cannot be reached: told within seconds, with its address."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from cinemyo.errors import ConfigError, SetupError
from cinemyo.launching import on_ray
from cinemyo.launching.choice import Ray
from cinemyo.launching.jobs import each
from tests.launching import work


def ray_at(address: str | None, **changes: object) -> Ray:
    values = {"at_once": 4, "cpus": 1, "gpus": 0.25, "retries": 1, "shares": 2} | changes
    return Ray(kind="ray", address=address, **values)


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    """An address at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"127.0.0.1:{port}"


@pytest.fixture(autouse=True)
def _with_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for the package, which need not be there to say that nobody answers."""

    class Stub:
        def is_initialized(self) -> bool:
            return False

    monkeypatch.setattr(on_ray, "_ray", lambda *, loopback: Stub())


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_unreachable_head_is_told_with_address_and_remedy(closed: str, scheme: str) -> None:
    began = time.monotonic()
    with pytest.raises(
        ConfigError, match=f"launcher ray at {scheme}{closed}: expected the head of a Ray cluster, got no"
    ):
        list(each(work.double, [1], launcher=ray_at(scheme + closed)))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("address", ["head", "head:", ":6379", "head:port"])
def test_an_address_without_host_or_port_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="got an address without host or port"):
        list(each(work.double, [1], launcher=ray_at(address)))


def test_a_server_that_is_no_ray_is_refused(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_ray, "_ANSWERED_S", 0.5)
    with pytest.raises(ConfigError, match="does not answer as this version of Ray; start it there with `ray start"):
        list(each(work.double, [1], launcher=ray_at(silent)))


def test_the_variable_of_ray_names_the_head(closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", closed)
    with pytest.raises(ConfigError, match=f"launcher ray at {closed}"):
        list(each(work.double, [1], launcher=ray_at(None)))


class Nodes:
    """A cluster of one node with these resources."""

    def __init__(self, **resources: float) -> None:
        self.resources = resources

    def nodes(self) -> list[dict[str, object]]:
        return [{"Alive": True, "Resources": self.resources}, {"Alive": False, "Resources": {"CPU": 64.0}}]


def test_a_share_of_a_card_is_asked_for_where_there_are_cards() -> None:
    assert on_ray._gpus(Nodes(CPU=4, GPU=1), ray_at(None)) == 0.25
    assert on_ray._gpus(Nodes(CPU=4), ray_at(None)) == 0


def test_a_job_that_no_node_can_take_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected a node with 8 cores and 0 cards, got 1 nodes, 4 cores at most"):
        on_ray._gpus(Nodes(CPU=4), ray_at(None, cpus=8))


def test_without_the_package_the_error_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['ray'] = None\n"
        "from cinemyo.launching.on_ray import _ray\n"
        "try: _ray(loopback=True)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith(
        f"{SetupError.__name__} launcher ray: expected the package ray, got none; install `cinemyo[ray]`"
    )
