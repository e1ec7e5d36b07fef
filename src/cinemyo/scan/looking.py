"""The search for what looks like an identity, round the words and shapes that every pattern needs."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Final

from ahocorasick_rs import BytesAhoCorasick

from cinemyo.scan.needles import CHUNK, RUN, Buffer, Hit
from cinemyo.scan.patterns import COLUMN, PATTERNS, Pattern

_OVERLAP: Final = 1024
_SURE: Final = 9
"""Characters of the shortest find in a binary file."""
_BEFORE: Final = 96
_AFTER: Final = 256
_DOTTED: Final = re.compile(rb"\.\d{1,39}\.\d")
_AS_ZERO: Final = bytes.maketrans(b"123456789", b"0" * 9)


def find_patterns(content: Buffer, *, is_text: bool) -> Iterator[Hit]:
    """Each place that looks like an identity; in a binary file in its runs of text alone, and sure kinds alone."""
    for start in range(0, len(content), CHUNK):
        base = max(0, start - _OVERLAP)
        raw = bytes(content[base : start + CHUNK + _OVERLAP])
        for hit in _in_chunk(raw, is_text=is_text):
            if start <= base + hit.start < start + CHUNK:
                yield Hit(hit.kind, base + hit.start, base + hit.end)
    if is_text:
        yield from _columns(bytes(content[:4096]))


@cache
def _anchors() -> tuple[BytesAhoCorasick, list[list[int]]]:
    owners: dict[bytes, list[int]] = defaultdict(list)
    for index, pattern in enumerate(PATTERNS):
        for anchor in pattern.anchors:
            owners[anchor].append(index)
    return BytesAhoCorasick(list(owners)), list(owners.values())


def _in_chunk(raw: bytes, *, is_text: bool) -> Iterator[Hit]:
    taken: set[tuple[int, int]] = set()
    for index, windows in sorted(_windows(raw, is_text=is_text).items()):
        pattern = PATTERNS[index]
        group = "value" if "value" in pattern.look.groupindex else 0
        for low, high in windows:
            for found in pattern.look.finditer(raw, low, high):
                span = found.span(group)
                if span in taken or not pattern.holds(found[group]):
                    continue
                if is_text or _is_sure(pattern, raw, span):
                    taken.add(span)
                    yield Hit(pattern.kind, *span)


def _is_sure(pattern: Pattern, raw: bytes, span: tuple[int, int]) -> bool:
    """Whether a find in a binary file is long, among text, and as tidy as its pattern asks."""
    start, end = span
    if end - start < _SURE or (pattern.tidy and not pattern.tidy.match(raw[start:end])):
        return False
    return _is_in_run(raw, start, end)


def _windows(raw: bytes, *, is_text: bool) -> dict[int, list[tuple[int, int]]]:
    """By pattern, the stretches round its anchors, those that touch joined."""
    automaton, owners = _anchors()
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for anchor, start, end in automaton.find_matches_as_indexes(raw.lower().translate(_AS_ZERO), overlapping=True):
        for index in owners[anchor]:
            if is_text or (PATTERNS[index].in_binary and _is_in_run(raw, start, end)):
                _widen(found[index], start, end)
    for dotted in _DOTTED.finditer(raw):
        _widen(found[_UID], *dotted.span())
    return found


def _widen(windows: list[tuple[int, int]], start: int, end: int) -> None:
    low, high = max(0, start - _BEFORE), end + _AFTER
    if windows and low <= windows[-1][1]:
        windows[-1] = windows[-1][0], max(high, windows[-1][1])
    else:
        windows.append((low, high))


def _is_in_run(raw: bytes, start: int, end: int) -> bool:
    """Whether twelve printable characters of ASCII stand together there."""
    run = max(_RUNS.finditer(raw, max(0, start - RUN), end + RUN), key=lambda run: run.end(), default=None)
    return run is not None and run.end() >= end and run.start() <= start


_RUNS: Final = re.compile(rb"[\x20-\x7e]{%d,}" % RUN)
_UID: Final = next(index for index, pattern in enumerate(PATTERNS) if pattern.kind == "dicom-uid")


def _columns(head: bytes) -> Iterator[Hit]:
    """The names of identities among the header of a table, where a row follows it."""
    first, _, rest = head.partition(b"\n")
    for sign in b",;\t":
        cells = first.split(bytes([sign]))
        if len(cells) < 2 or rest.partition(b"\n")[0].count(bytes([sign])) < len(cells) - 1:
            continue
        start = 0
        for cell in cells:
            name = cell.strip(b" \"'\r\xef\xbb\xbf").decode("utf-8", "replace")
            if COLUMN.match(name):
                yield Hit("identity-column", start, start + len(cell))
            start += len(cell) + 1
        return
