"""The winner of a sweep to a file of `conf/arm/`, composed again before it stays.

`python -m pipelines.promote best --study demo --name winner`; a job is called by its key, its name or its rank.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Any, Final

import yaml

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.errors import CinemyoError, ConfigError
from cinemyo.folds import fold_count
from cinemyo.layout import Layout
from cinemyo.sweeping.job import sweep_folder
from cinemyo.sweeping.promotion import arm_file, promoted, said_of, winner
from pipelines.grid import arm_of_file

GROUPS: Final = ("backbone", "head", "augment", "fit")
SLUG: Final = re.compile(r"[a-z][a-z0-9_]*")


def promote(asked: str, *, study: str, name: str | None, conf: Path, base: Path = Path()) -> Path:
    """The file that was written.

    Raises:
        ConfigError: no such job or study, a name that is taken or cannot be, or an arm that a file cannot state.
    """
    layout = Layout(study, base)
    job = winner(asked, folder=sweep_folder(layout))
    path = conf / "arm" / study / f"{_slug(name, job=job)}.yaml"
    if path.exists():
        raise ConfigError("promote", expected="a new name", got=f"{path.as_posix()}, which exists", remedy="set --name")
    parts = range(fold_count(tables.read(layout.folds, table=tables.FOLDS), scheme=job["arm"]["scheme"]))
    arm, start = promoted(job, parts=tuple(parts)), arm_of_file("base", study=study, conf=conf)
    options = {group: _options(conf / group) for group in GROUPS}
    tables.write_bytes(path, arm_file(arm, base=start, options=options, said=said_of(job)).encode())
    if _composes_otherwise(arm, name=path.stem, study=study, conf=conf):
        path.unlink()
        remedy = f"write {path.as_posix()} by hand from outputs/sweep/{study}/{job['key']}/job.json"
        raise ConfigError("promote", expected="an arm that a file can state", got=f"job {job['key']}", remedy=remedy)
    return path


def _composes_otherwise(arm: Arm, *, name: str, study: str, conf: Path) -> bool:
    try:
        return arm_of_file(name, study=study, conf=conf) != arm
    except ConfigError:
        return True


def _slug(name: str | None, *, job: dict[str, Any]) -> str:
    said = name or re.sub(r"[^a-z0-9]+", "_", job["name"].lower()).strip("_")
    if SLUG.fullmatch(said):
        return said
    raise ConfigError("promote", expected="small letters, digits, underscores", got=repr(said), remedy="set --name")


def _options(folder: Path) -> dict[str, Any]:
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.yaml"))}


def main() -> None:
    """Writes the file and says what is left to do."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.promote", description=__doc__)
    parser.add_argument("job", help="key, name or rank in outputs/sweep/<study>/ranking.csv, or best")
    parser.add_argument("--study", default="demo", help="by default demo")
    parser.add_argument("--name", help="of the arm; by default made of the job's name")
    asked = parser.parse_args()
    try:
        path = promote(asked.job, study=asked.study, name=asked.name, conf=Path("conf"))
    except CinemyoError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    line = f"  - /arm/{asked.study}@arms.{path.stem}: {path.stem}"
    sys.stderr.write(f"wrote {path.as_posix()}; add this line to conf/study/{asked.study}.yaml and run `make repro`:\n")
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
