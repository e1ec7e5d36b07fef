"""What a check of a split found: kind, lines of the table, parts, and whether that is a leak."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from cinemyo.audit.leaks.table import Row

Kind = Literal["patient", "spelling", "image", "two_ids", "near"]
MEANING: Final[dict[Kind, str]] = {
    "patient": "one patient in several parts",
    "spelling": "one identifier in several spellings",
    "image": "equal pixels in several parts",
    "two_ids": "equal pixels under several patients: one person under several identifiers, or a copy",
    "near": "images of several patients that look alike: a copy, or one person under several identifiers",
}


@dataclass(frozen=True)
class Finding:
    """One group of rows that should not be apart, or not be several."""

    kind: Kind
    by: str
    """The split it was found in, where the table holds several."""
    lines: tuple[int, ...]
    parts: tuple[str, ...]
    patients: tuple[str, ...]
    """As the table writes them: shown on request alone."""
    distance: int | None = None
    """Of look-alikes: how many of 64 bits of their hashes differ."""

    @property
    def is_leak(self) -> bool:
        """Whether rows that belong together are on both sides of a split."""
        return len(self.parts) > 1

    @property
    def meaning(self) -> str:
        """What it is, in words."""
        return MEANING[self.kind]


def of_ids(rows: Iterable[Row]) -> Iterator[Finding]:
    """Patients in several parts, and identifiers that differ in spelling alone; a leak or not."""
    for by, own in _by_split(rows):
        for _, same in _groups(own, lambda row: row.patient):
            if len({row.part for row in same}) > 1:
                yield finding("patient", same, by=by)
        for _, same in _groups(own, lambda row: row.person):
            if len({row.patient for row in same}) > 1:
                yield finding("spelling", same, by=by)


def of_images(rows: Iterable[Row], *, digests: dict[str, str]) -> Iterator[Finding]:
    """Equal pixels in several parts or under several patients; digests by the name of the image in the table."""
    for by, own in _by_split(row for row in rows if row.image in digests):
        for _, same in _groups(own, lambda row: digests[row.image or ""]):
            if len({row.person for row in same}) > 1:
                yield finding("two_ids", same, by=by)
            elif len({row.part for row in same}) > 1:
                yield finding("image", same, by=by)


def of_look_alikes(rows: Iterable[Row], *, pairs: Iterable[tuple[str, str, int]]) -> Iterator[Finding]:
    """Look-alike images of several patients; pairs of names of images, with their distance."""
    alike = list(pairs)
    for by, own in _by_split(rows):
        by_image: dict[str, list[Row]] = defaultdict(list)
        for row in own:
            by_image[row.image or ""].append(row)
        for one, other, distance in alike:
            both = [*by_image.get(one, ()), *by_image.get(other, ())]
            if len({row.person for row in both}) > 1:
                yield finding("near", both, by=by, distance=distance)


def finding(kind: Kind, rows: Sequence[Row], *, by: str, distance: int | None = None) -> Finding:
    """What was found in these rows."""
    return Finding(
        kind,
        by=by,
        lines=tuple(sorted(row.line for row in rows)),
        parts=tuple(sorted({row.part for row in rows})),
        patients=tuple(sorted({row.patient for row in rows})),
        distance=distance,
    )


def _by_split(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    ordered = sorted(rows, key=lambda row: row.by)
    yield from ((by, list(own)) for by, own in groupby(ordered, key=lambda row: row.by))


def _groups(rows: Iterable[Row], key: Callable[[Row], str]) -> Iterator[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    yield from ((name, same) for name, same in found.items() if len(same) > 1)
