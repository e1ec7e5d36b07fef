"""What was found, without saying it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cinemyo.scan.allow import Rule


@dataclass(frozen=True, order=True)
class Place:
    """Where a kind of find is: the path and the place in the file, with every find in them masked."""

    path: str
    inside: str
    kind: str
    known: int
    """Number of the known value, 0 for a pattern."""


@dataclass
class Found:
    """How often, where first, and what, which is shown on a terminal alone."""

    count: int = 0
    at: str = ""
    texts: list[str] = field(default_factory=list, repr=False)


@dataclass
class Report:
    """The result of a search."""

    finds: dict[Place, Found] = field(default_factory=dict)
    allowed: Counter[int] = field(default_factory=Counter)
    """Finds by line of the allow file."""
    unread: list[tuple[str, str]] = field(default_factory=list)
    """Masked paths that could not be searched whole, and why."""
    files: int = 0
    bytes: int = 0
    objects: int = 0
    known: int = 0
    short: int = 0

    @property
    def status(self) -> int:
        """0 where nothing was found, 1 where something was, 2 where something could not be searched."""
        return 1 if self.finds else 2 if self.unread else 0

    def add(self, place: Place, *, at: str, text: str) -> None:
        """Counts one find."""
        found = self.finds.setdefault(place, Found(at=at))
        found.count += 1
        if text not in found.texts and len(found.texts) < 5:
            found.texts.append(text)


def as_lines(report: Report, *, rules: Sequence[Rule]) -> list[str]:
    """One line per find, per unread file and per used rule, and a summary; no value."""
    lines = []
    for place, found in report.finds.items():
        lines.append(f"{_where(place, found)}: {_what(place)}, {found.count} time{'s' * (found.count > 1)}")
    lines += [f"{path}: not searched whole: {why}" for path, why in report.unread]
    for rule in rules:
        count = report.allowed[rule.line]
        lines.append(f"allowed by line {rule.line}: {count} of {rule.kind} in {rule.paths} ({rule.reason})")
    return [*lines, _summary(report)]


def shown(report: Report) -> list[str]:
    """One line per find with what was found."""
    return [f"{_where(place, found)}: {_what(place)}: {found.texts}" for place, found in report.finds.items()]


def as_values(report: Report, *, rules: Sequence[Rule]) -> dict[str, Any]:
    """The report for machines; no value."""
    return {
        "status": report.status,
        "finds": [
            {
                "path": place.path,
                "inside": place.inside,
                "at": found.at,
                "kind": place.kind,
                "known": place.known or None,
                "count": found.count,
            }
            for place, found in report.finds.items()
        ],
        "unread": [{"path": path, "why": why} for path, why in report.unread],
        "allowed": [_allowed(rule) | {"count": report.allowed[rule.line]} for rule in rules],
        "searched": {"files": report.files, "bytes": report.bytes, "objects": report.objects},
        "known_values": {"searched": report.known, "too_short": report.short},
    }  # fmt: skip


def _allowed(rule: Rule) -> dict[str, Any]:
    return {"line": rule.line, "kind": rule.kind, "paths": rule.paths, "reason": rule.reason}


def _where(place: Place, found: Found) -> str:
    inside = f" [{place.inside}]" if place.inside else ""
    return f"{place.path}{inside}{':' if found.at else ''}{found.at}"


def _what(place: Place) -> str:
    return f"known value {place.known} ({place.kind})" if place.known else place.kind


def _summary(report: Report) -> str:
    count = sum(found.count for found in report.finds.values())
    searched = f"{report.files} files, {report.objects} git objects, {report.bytes / 1e6:.1f} MB"
    known = f"{report.known} known values" + (f" ({report.short} too short to search for)" if report.short else "")
    allowed = f", {report.allowed.total()} allowed" if report.allowed else ""
    unread = f", {len(report.unread)} not searched whole" if report.unread else ""
    return f"{count} finds in {len(report.finds)} places{allowed}{unread}; searched {searched}, {known}"
