"""One job in a fresh process of its own: it starts with nothing of the caller's, and its death costs it alone."""

import logging
import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal

from cinemyo.errors import CinemyoError, ConfigError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reply:
    """What a job came to: a `value`, a `fault` (a CinemyoError), or no answer (`lost`: why, in words)."""

    kind: Literal["value", "fault", "lost"]
    content: Any


@dataclass(frozen=True)
class Errand:
    """What all jobs of a run have in common, small enough to be sent anywhere."""

    work: Callable[[Any], Any]
    base: Path
    """The project's folder, under the same name wherever a job runs."""
    environment: dict[str, str] = field(default_factory=dict)


def answer(errand: Errand, job: Any) -> Reply:
    """The reply of a job, run in a process that this one starts and waits for."""
    started = Started(errand, job)
    try:
        started.wait()
        return started.reply()
    finally:
        started.end()


class Started:
    """A job on its way in a process of its own."""

    def __init__(self, errand: Errand, job: Any) -> None:
        # spawn, not fork: the caller may be a worker of Ray, full of threads
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe(duplex=False)
        packed = pickle.dumps((errand.work, job))
        self._process = context.Process(target=_serve, args=(packed, errand.base, errand.environment, theirs))
        self._process.start()
        theirs.close()

    @property
    def handles(self) -> tuple[Connection, int]:
        """What becomes ready when there is a reply."""
        return self._pipe, self._process.sentinel

    def wait(self) -> None:
        """Returns when there is a reply."""
        wait(self.handles)

    def reply(self) -> Reply:
        """The reply, or how the process ended without one."""
        try:
            if self._pipe.poll():
                kind, content = pickle.loads(self._pipe.recv_bytes())  # noqa: S301 - of our own process
                return Reply(kind, content)
        except (EOFError, OSError):
            pass
        self._process.join()
        return Reply("lost", f"a process that ended by {_cause(self._process.exitcode or 0)}")

    def end(self) -> None:
        """Ends the process, finished or not."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()


def die_with_parent() -> None:
    """Ends this process when the one that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _cause(code: int) -> str:
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"exit {code}"


def _serve(packed: bytes, base: Path, environment: dict[str, str], pipe: Connection) -> None:
    die_with_parent()
    # Ctrl-C and the warnings of a queue are for the process that started this one, which ends it
    for name in ("SIGINT", "SIGUSR1", "SIGUSR2"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    os.environ.update(environment)
    pipe.send_bytes(pickle.dumps(_outcome(packed, base)))


def _outcome(packed: bytes, base: Path) -> tuple[str, Any]:
    try:
        if not base.is_dir():
            remedy = "put the project on storage that all nodes mount under one name; docs/how-to-scale-out.md"
            raise ConfigError("launcher", expected=f"{base} on every node", got="no such folder here", remedy=remedy)
        os.chdir(base)
        work, job = pickle.loads(packed)  # noqa: S301 - of the process that started this one
        return "value", work(job)
    except CinemyoError as error:
        return "fault", error
    except Exception as error:  # a job that fails never ends a run
        log.exception("a job failed")
        return "lost", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
