"""What a certificate says of all that was not deleted: what stays and why, and what nobody here can reach."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cinemyo.audit.certificate import Left
from cinemyo.audit.repository import git
from cinemyo.audit.withdraw.asked import Asked
from cinemyo.audit.withdraw.workspace import Subject
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.provenance import files_under
from cinemyo.schema import read_text

POLICIES: Final = {
    "retain": "policy retain: kept as they are and marked, also in the cache and in the remotes",
    "retrain": "policy retrain: kept here and marked until `dvc repro` has made new ones; their copies are gone",
    "retire": "policy retire: deleted",
}
_SKIPPED: Final = (".git", ".venv", "audit", "src", "tests", "docs", "benchmarks")


def remains(asked: Asked, *, params: Params, layout: Layout, contains: int) -> Iterator[Left]:
    """What stays within the project."""
    crosswalk = getattr(asked.key, "crosswalk", None) is not None
    pair = "; the crosswalk of the key's holder keeps the pair of identifier and pseudonym for it" if crosswalk else ""
    yield Left(
        f"{len(asked.patients)} refusal code(s) in {params.oversight.withdrawn}",
        "personal data kept so that the patient is refused at the next ingest: without it the withdrawal could not be"
        f" kept to; nobody is known by it without the key{pair}",
    )
    if contains:
        yield Left(f"{contains} models and reports over all patients", POLICIES[asked.policy])
    yield Left(
        "the ledger of the audit",
        "its commitments concerning the patient stand, so that the chain verifies; salts and contents are deleted,"
        " and without these they tell nobody",
    )
    yield Left(
        f"the source {params.source.root} and its sheet",
        "they are the hospital's own; ingest passes the patient over and counts the files",
    )
    for name in _other_studies(asked, layout=layout):
        why = f"choose it with `make use STUDY={name}` and withdraw there too, if the decision covers it"
        yield Left(f"the study {name} of this project, which holds the patient as well", why)


def unreachable(*, base: Path) -> Iterator[Left]:
    """What lies beyond the project."""
    yield Left(
        "the history of git",
        "it keeps aggregates, and earlier rows of sheets under conf/ where there were any; it is not rewritten, since"
        " that would break what others have cloned",
    )
    tags = releases(base)
    if tags:
        yield Left(f"the releases {', '.join(tags)}", "they stay under their tag, and are marked in the ledger")
    yield Left("clones, copies and backups, also those of the remotes", "ask those who hold them; the hashes tell what")
    yield Left("what was published or handed on", "reports, models and exports that have left the project")


def releases(base: Path) -> list[str]:
    """Tags of git under which results were kept."""
    tags = git(base, "tag", "--list").splitlines()
    return [tag for tag in tags if git(base, "ls-tree", "--name-only", tag, "dvc.lock")]


def elsewhere(subject: Subject, *, base: Path) -> list[str]:
    """Files of the project that still carry a code of the patient, codes masked; links are not followed."""
    found = []
    for top in sorted(base.iterdir()):
        if top.name in _SKIPPED or top.is_symlink():
            continue
        for path in files_under(top) if top.is_dir() else [top]:
            name = path.relative_to(base).as_posix()
            if not path.is_symlink() and (subject.ids.in_text(name) or subject.ids.in_file(path)):
                found.append(subject.ids.masked(name))
    return found


def _other_studies(asked: Asked, *, layout: Layout) -> list[str]:
    found = []
    for path in sorted((layout.base / "data").glob("*/cines.csv")):
        if path != layout.cines:
            frame = read_text(path)
            if "patient_id" in frame and set(frame["patient_id"]) & asked.patients:
                found.append(path.parent.name)
    return found
