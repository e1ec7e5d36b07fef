"""What all stages share: typed params, paths, provenance, and faults as one sentence."""

import errno
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cinemyo import config, events, provenance
from cinemyo.errors import CinemyoError, SetupError
from cinemyo.layout import Layout

OFFLINE = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "DVC_NO_ANALYTICS": "1"}


@dataclass(frozen=True)
class Run:
    """One run of a stage."""

    name: str
    entry: Path
    params: config.Params
    layout: Layout

    def wrote(self, *, inputs: Sequence[Path], outputs: Sequence[Path], params: Mapping[str, Any]) -> None:
        """Leaves the provenance of what was read and written."""
        provenance.record(
            self.name,
            path=self.layout.provenance(self.name),
            code=provenance.code_closure(self.entry),
            params=params,
            inputs=inputs,
            outputs=outputs,
        )


@contextmanager
def stage(name: str, item: str | None = None) -> Iterator[Run]:
    """The run of a stage, or of one of its items (`train`, `dual`); a fault ends it with one line and status 1."""
    os.environ.update({key: value for key, value in OFFLINE.items() if key not in os.environ})
    try:
        params = config.load()
        full = f"{name}@{item}" if item else name
        with events.recorded("stage", full):
            yield Run(full, Path("pipelines") / f"{name}.py", params, Layout(params.study.name))
    except CinemyoError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        fault = SetupError(name, expected="room on the disk", got="a full disk", remedy="free space and run it again")
        sys.exit(f"SetupError: {fault}")


def argument(choices: Mapping[str, Any]) -> str:
    """The single argument of the command line, one of the choices."""
    given = sys.argv[1:]
    if len(given) != 1 or given[0] not in choices:
        sys.exit(
            f"{Path(sys.argv[0]).stem}: expected one of {', '.join(choices) or 'nothing'}, got {' '.join(given)!r}"
        )
    return given[0]
