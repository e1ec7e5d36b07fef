"""The check of a split table as a whole, and how it is told."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cinemyo.audit.leaks.findings import MEANING, Finding, of_ids, of_images, of_look_alikes
from cinemyo.audit.leaks.images import Read, look_alikes, read_prints
from cinemyo.audit.leaks.table import Columns, Split, read_split

SHOWN: Final = 20
"""Findings of a kind that a person is shown; JSON has all."""
LINES_SHOWN: Final = 8


@dataclass(frozen=True)
class Leaks:
    """What was found in a split."""

    split: Split
    findings: tuple[Finding, ...]
    read: Read = field(repr=False)

    @property
    def unread(self) -> dict[str, list[int]]:
        """Lines of images that could not be read, by what is wrong."""
        found: dict[str, list[int]] = {}
        for row in self.split.rows:
            if row.image in self.read.faults:
                found.setdefault(self.read.faults[row.image], []).append(row.line)
        return found

    @property
    def leaks(self) -> list[Finding]:
        """Those findings that are leaks."""
        return [finding for finding in self.findings if finding.is_leak]

    @property
    def status(self) -> int:
        """0 nothing leaks, 1 something does, 2 nothing was found and not all could be checked."""
        if self.leaks:
            return 1
        return 2 if self.split.empty or self.unread else 0


def check(path: Path, *, columns: Columns, root: Path | None = None) -> Leaks:
    """Leaks of a split table: patients and spellings, and where a column names images, equal pixels.

    Images are relative to `root`, else to the table's folder.

    Raises:
        TableError: the table cannot be read, or lacks a column.
    """
    split = read_split(path, columns=columns)
    read = read_prints((row.image for row in split.rows if row.image), root=root or path.parent)
    digests = {name: own.sha256 for name, own in read.prints.items()}
    return Leaks(split, (*of_ids(split.rows), *of_images(split.rows, digests=digests)), read)


def with_look_alikes(found: Leaks) -> Leaks:
    """The same check, with images of several patients that look alike among the findings."""
    alike = of_look_alikes(found.split.rows, pairs=look_alikes(found.read.prints))
    return replace(found, findings=(*found.findings, *alike))


def without_names(found: Leaks) -> Leaks:
    """The same check, whose findings name lines of the table and no patient."""
    return replace(found, findings=tuple(replace(finding, patients=()) for finding in found.findings))


def as_lines(found: Leaks) -> Iterator[str]:
    """The check for people: what was checked, what was found, and the verdict."""
    split = found.split
    patients, parts = len({row.patient for row in split.rows}), ", ".join(split.parts)
    yield f"{len(split.rows)} rows, {patients} patients" + (f", parts {parts}" if split.columns.split else "")
    yield f"  {split.protocol}"
    if split.columns.image:
        yield f"  {len(found.read.prints)} images read"
    for name, lines in split.empty.items():
        yield f"not checked: {len(lines)} rows without {name} ({_lines(lines)})"
    for fault, lines in found.unread.items():
        yield f"not checked: {len(lines)} images with {fault} ({_lines(lines)})"
    for kind, meaning in MEANING.items():
        own = [finding for finding in found.findings if finding.kind == kind]
        if own:
            leaking = sum(finding.is_leak for finding in own)
            yield f"{meaning}: {len(own)}, {leaking} of them across parts"
            yield from (_line(finding) for finding in sorted(own, key=lambda item: not item.is_leak)[:SHOWN])
            yield from [f"  and {len(own) - SHOWN} more; --json has all"] if len(own) > SHOWN else []
    yield _verdict(found)


def as_values(found: Leaks) -> dict[str, Any]:
    """The check for machines."""
    split = found.split
    return {
        "rows": len(split.rows),
        "patients": len({row.patient for row in split.rows}),
        "parts": split.parts,
        "protocol": split.protocol,
        "images": len(found.read.prints),
        "leaks": len(found.leaks),
        "status": found.status,
        "counts": dict(sorted(Counter(finding.kind for finding in found.findings).items())),
        "empty": split.empty,
        "unread": found.unread,
        "findings": [_values(finding) for finding in found.findings],
    }


def _values(finding: Finding) -> dict[str, Any]:
    own = {
        "kind": finding.kind,
        "leak": finding.is_leak,
        "by": finding.by or None,
        "lines": list(finding.lines),
        "parts": list(finding.parts),
        "distance": finding.distance,
    }
    return own | ({"patients": list(finding.patients)} if finding.patients else {})


def _line(finding: Finding) -> str:
    words = ["leak" if finding.is_leak else "note", _lines(finding.lines)]
    words += [f"in {finding.by}"] if finding.by else []
    words += [f"parts {', '.join(finding.parts)}"] if any(finding.parts) else []
    words += [f"{finding.distance} of 64 bits differ"] if finding.distance is not None else []
    words += [f"patients {', '.join(map(repr, finding.patients))}"] if finding.patients else []
    return "  " + "; ".join(words)


def _lines(lines: Sequence[int]) -> str:
    more = f" and {len(lines) - LINES_SHOWN} more" if len(lines) > LINES_SHOWN else ""
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines[:LINES_SHOWN]))}{more}"


def _verdict(found: Leaks) -> str:
    if found.leaks:
        return f"leaks: {len(found.leaks)}"
    if found.status == 2:
        return "no leak found in what could be checked; not all could"
    searched = "patients and equal pixels" if found.split.columns.image else "patients (name --image to compare images)"
    return f"no leak: {searched}"
