"""Single values out of a DICOM data set: typed, or None where absent or broken; nothing here warns or raises."""

import math
import re
from functools import lru_cache
from typing import Any, Literal, Protocol

from pydicom.multival import MultiValue

_PADDING = "\0 \t\r\n"
_TIME = re.compile(r"^(\d{2})(\d{2})(\d{2})?(\.\d+)?$")


class Values(Protocol):
    """A data set, or what was read of one."""

    def get(self, keyword: str, /) -> Any:
        """The value, several in a row, or None."""
        ...  # pragma: no cover


def text(dataset: Values, keyword: str) -> str:
    """The value as text without padding, several values joined by a backslash; empty where absent."""
    return "\\".join(texts(dataset, keyword))


def texts(dataset: Values, keyword: str) -> tuple[str, ...]:
    """The values as text without padding; none where absent or unreadable."""
    own = getattr(dataset, "texts", None)
    return stripped(_values(dataset, keyword)) if own is None else tuple(own(keyword))


def stripped(values: tuple[Any, ...]) -> tuple[str, ...]:
    """Values as text without padding, empty ones left out."""
    return tuple(word for value in values if (word := str(value).strip(_PADDING)))


def number(dataset: Values, keyword: str) -> float | None:
    """The one finite value, or None."""
    values = numbers(dataset, keyword)
    return values[0] if len(values) == 1 else None


def integer(dataset: Values, keyword: str) -> int | None:
    """The one finite value, cut to a whole number, or None."""
    value = number(dataset, keyword)
    return None if value is None else int(value)


def numbers(dataset: Values, keyword: str) -> tuple[float, ...]:
    """The values, or none if one of them is no finite number."""
    own = getattr(dataset, "numbers", None)
    return finite(_values(dataset, keyword)) if own is None else tuple(own(keyword))


def finite(values: tuple[Any, ...]) -> tuple[float, ...]:
    """Values as numbers, or none if one of them is no finite number."""
    try:
        found = tuple(float(_plain(value)) for value in values)
    except (TypeError, ValueError):
        return ()
    return found if all(math.isfinite(value) for value in found) else ()


@lru_cache(maxsize=1024)
def seconds(time: str) -> float | None:
    """Seconds since midnight of a DICOM time such as 083920.638055, or None."""
    match = _TIME.match(time.replace(":", ""))
    if match is None:
        return None
    hours, minutes, whole, fraction = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(whole or 0) + float(fraction or 0)


def sex(value: str) -> Literal["F", "M"] | None:
    """F or M; anything else is unknown."""
    if value.upper() == "F":
        return "F"
    return "M" if value.upper() == "M" else None


def _plain(value: Any) -> Any:
    """A text without the padding that some writers add to numbers too."""
    return value.strip(_PADDING) if isinstance(value, str) else value


def _values(dataset: Values, keyword: str) -> tuple[Any, ...]:
    try:
        value = dataset.get(keyword)
    except Exception:  # a broken element is an absent one: pydicom raises many kinds here
        return ()
    return several(value)


def several(value: Any) -> tuple[Any, ...]:
    """The values of an element that may hold none, one or several."""
    if value is None:
        return ()
    return tuple(value) if isinstance(value, MultiValue | list | tuple) else (value,)
