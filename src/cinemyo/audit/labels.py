"""The versions of a study's labels: when, by which role, what changed, and which version each result used."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cinemyo.audit.details import Details
from cinemyo.audit.known import Known
from cinemyo.audit.ledger import Record

COUNTS: Final = ("added", "removed", "changed")
RESULTS_SHOWN: Final = 6


@dataclass(frozen=True)
class Version:
    """One version of a sheet: that of the labels, or that of their corrections."""

    study: str
    sheet: str
    version: str
    previous: str | None
    recorded: str
    """When the ledger took it in."""
    roles: tuple[str, ...]
    counts: Mapping[str, int]
    """Cines that are new, gone or labelled otherwise than in the version before; empty for the first."""
    results: tuple[str, ...]
    """Artefacts that stand on it now."""
    is_current: bool
    changes: Mapping[str, Any]
    """By cine, cells before and after; empty where nobody asked, or where the patient has left."""
    forgotten: int
    """Commitments to changes of patients whose details were deleted."""


def versions(records: Sequence[Record], *, details: Details | None = None) -> list[Version]:
    """All versions, the oldest first; with details also what changed of which cine. `records` are a history.

    Raises:
        AuditError: the details contradict the ledger.
    """
    known = Known.of(records)
    used = _used(known)
    own = [record for record in records if record.kind == "labels"]
    newest = {(record.body["study"], record.body["sheet"]): record.seq for record in own}
    return [_version(record, used=used, newest=newest, details=details) for record in own]


def as_text(found: Sequence[Version]) -> str:
    """The versions for people."""
    return "\n".join(line for version in found for line in _lines(version)) or "no version of labels is on record"


def _used(known: Known) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for path, (_, body) in sorted(known.artefacts.items()):
        if body.get("label_version"):
            found[str(body["label_version"])].append(path)
    return found


def _version(
    record: Record,
    *,
    used: Mapping[str, Sequence[str]],
    newest: Mapping[tuple[str, str], int],
    details: Details | None,
) -> Version:
    body = record.body
    contents = [details.reveal(commitment) for commitment in body.get("commitments", ())] if details else []
    changes = {cine: cells for content in contents if content for cine, cells in content.get("cines", {}).items()}
    return Version(
        study=body["study"],
        sheet=body["sheet"],
        version=body["version"],
        previous=body.get("previous"),
        recorded=record.time,
        roles=tuple(body.get("roles", ())),
        counts={name: body[name] for name in COUNTS if name in body} if body.get("previous") else {},
        results=tuple(used.get(body["version"], ())),
        is_current=newest[body["study"], body["sheet"]] == record.seq,
        changes=dict(sorted(changes.items())),
        forgotten=sum(content is None for content in contents),
    )


def _lines(version: Version) -> Iterator[str]:
    standing = "current" if version.is_current else "superseded"
    yield f"{version.study} {version.sheet} {version.version}: {standing}, on record since {version.recorded}"
    yield f"  by {', '.join(version.roles) or 'no role on record'}"
    if version.counts:
        changed = ", ".join(f"{name} {count}" for name, count in version.counts.items())
        yield f"  since {version.previous}: {changed}"
    more = len(version.results) - RESULTS_SHOWN
    shown = ", ".join(version.results[:RESULTS_SHOWN]) + (f" and {more} more" if more > 0 else "")
    if version.sheet == "labels":
        yield f"  used by {shown or 'no result as it is now'}"
    for cine, cells in version.changes.items():
        yield f"  {cine}: {_told(cells)}"
    if version.forgotten:
        yield f"  changes of {version.forgotten} patients were deleted with them"


def _told(cells: Mapping[str, Any]) -> str:
    before, after = cells.get("before", {}), cells.get("after", {})
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):  # a correction tells its own cells
        return ", ".join(f"{name} {value}" for name, value in cells.items())
    names = sorted({*before, *after})
    return ", ".join(f"{name} {before.get(name, 'empty')} -> {after.get(name, 'empty')}" for name in names)
