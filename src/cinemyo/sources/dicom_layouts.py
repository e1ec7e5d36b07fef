"""Where the elements of headers lie: the images of a series have their elements at the same places as one before.

A walk hangs on nothing but the heads that it passes (tag, VR, length). Where those of an earlier walk stand at the same
places again, it would go the same way, and its values are taken at once.
"""

import struct
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from jaxtyping import Int

_MOST_HEAD_BYTES: Final = 1 << 14
_SIZES: Final = 64
"""Sizes of files whose layouts are kept."""
_OF_ONE_SIZE: Final = 4
"""Layouts for each: a longer number before a shorter one gives the same size."""

Raw = dict[int, tuple[str, bytes]]
Ending = tuple[str, bool, int, int | None, int]
"""Transfer syntax, whether little-endian, where the pixel element and its value begin, and how long the value is."""


@dataclass
class Trail:
    """What a walk passes."""

    heads: list[tuple[int, int]] = field(default_factory=list)
    """From where to where the bytes reach that decide how it goes on."""
    values: list[tuple[int, str, int, int]] = field(default_factory=list)
    """Of what is wanted: tag, VR, from where to where."""


class Layout:
    """The places of one walk."""

    def __init__(self, content: bytes, trail: Trail, ending: Ending, texts: frozenset[str]) -> None:
        self.ending = ending
        self._end = max(stop for _, stop in trail.heads)
        self._places: Int[np.ndarray, " heads"] = np.concatenate([np.arange(*span) for span in trail.heads])
        self._heads = self._at_places(content)
        self._tags = tuple(tag for tag, *_ in trail.values)
        self._kinds = tuple(kind for _, kind, *_ in trail.values)
        self._texts = tuple(index for index, kind in enumerate(self._kinds) if kind in texts)
        self._values = _fields([(start, stop) for *_, start, stop in trail.values])

    def read(self, content: bytes, plain: bytes) -> Raw | None:
        """The values at these places, or None where a walk would go another way or finds a text that is not plain."""
        if len(content) < self._end or self._at_places(content) != self._heads:
            return None
        values = self._values.unpack_from(content)
        if b"".join([values[index] for index in self._texts]).translate(None, plain):
            return None
        return dict(zip(self._tags, zip(self._kinds, values, strict=True), strict=True))

    def _at_places(self, content: bytes) -> bytes:
        found: bytes = np.frombuffer(content, dtype=np.uint8, count=self._end)[self._places].tobytes()
        return found


class Layouts:
    """The layouts of the latest walks, by the number of bytes of what was walked over; few are held."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, list[Layout]] = OrderedDict()

    def find(self, content: bytes, plain: bytes) -> tuple[Raw, Ending] | None:
        """The values and the ending of a walk over this content, if it would go as an earlier one."""
        for layout in self._known.get(len(content), ()):
            raw = layout.read(content, plain)
            if raw is not None:
                return raw, layout.ending
        return None

    def keep(self, content: bytes, trail: Trail, ending: Ending, texts: frozenset[str]) -> None:
        """Remembers a walk that ended at the pixels."""
        if sum(stop - start for start, stop in trail.heads) > _MOST_HEAD_BYTES:
            return
        own = self._known.pop(len(content), [])
        self._known[len(content)] = [Layout(content, trail, ending, texts), *own][:_OF_ONE_SIZE]
        if len(self._known) > _SIZES:
            self._known.popitem(last=False)


def _fields(spans: Sequence[tuple[int, int]]) -> struct.Struct:
    """Takes the bytes of spans, one after the other in a file, at once."""
    form, at = "<", 0
    for start, stop in spans:
        form += f"{start - at}x{stop - start}s"
        at = stop
    return struct.Struct(form)
