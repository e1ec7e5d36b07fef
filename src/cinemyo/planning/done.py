"""Which stages of the study are as DVC last left them, and need not run again."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from cinemyo.audit.pipeline import Stage, locked
from cinemyo.config import Params


def up_to_date(params: Params, *, base: Path = Path()) -> frozenset[str]:
    """Stages that have run and that nothing has changed since, neither directly nor through a stage before.

    None where DVC does not answer: then every stage is planned.

    Raises:
        AuditError: `dvc.yaml` or `dvc.lock` cannot be read.
    """
    stages = locked(params, base=base)
    changed = _changed(base) if stages else None
    if changed is None:
        return frozenset()
    return frozenset(stage.name for stage in stages) - reached(stages, changed=changed)


def reached(stages: Collection[Stage], *, changed: Collection[str]) -> frozenset[str]:
    """The stages that will run when these have changed: themselves, and all that read what they write."""
    again = {stage.name for stage in stages if stage.name in changed}
    while True:
        written = {path for stage in stages if stage.name in again for path in stage.outs}
        more = {stage.name for stage in stages if any(_reads(path, written) for path in stage.inputs)} - again
        if not more:
            return frozenset(again)
        again |= more


def _reads(path: str, written: Collection[str]) -> bool:
    """Whether a path is among those written, or lies in one of them, or holds one."""
    return any(Path(path).is_relative_to(out) or Path(out).is_relative_to(path) for out in written)


def _changed(base: Path) -> frozenset[str] | None:
    program = shutil.which("dvc", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if program is None:
        return None
    done = subprocess.run(
        [program, "status", "--json"],
        cwd=base,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DVC_NO_ANALYTICS": "1"},
    )
    try:
        return frozenset(json.loads(done.stdout)) if done.returncode == 0 else None
    except ValueError:
        return None
