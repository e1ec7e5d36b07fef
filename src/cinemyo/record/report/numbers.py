"""How a number is printed: digits that can be read and compared, one form for shares, p values and intervals."""

import math
import re
from collections.abc import Iterable
from typing import Final

NONE: Final = "–"
"""What stands where there is no figure; the reason is in the same row."""
MINUS: Final = "−"
SMALLEST_P: Final = 0.001
NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)
P_COLUMN: Final = re.compile(r"(^|_)p($|_(?!normal|hcm|dcm|vla|four|short))")
"""Columns of p values: `p`, `p_patients`, `p_holm`; not the probabilities `p_hcm`."""


def is_number(cell: str) -> bool:
    """Whether a cell of a CSV holds a number."""
    return NUMBER.fullmatch(cell) is not None


def is_p(column: str) -> bool:
    """Whether a column holds p values."""
    return P_COLUMN.search(column) is not None


def decimals(value: float) -> int:
    """Digits after the point that leave about three that count."""
    size = abs(value)
    return 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0


def signed(text: str) -> str:
    """The number with a minus sign as printers set it; zero has none."""
    return text.replace("-", MINUS) if float(text) else text.removeprefix("-")


def fixed(value: float, *, digits: int) -> str:
    """The number with that many digits after the point, infinite ends in words."""
    if math.isinf(value):
        return "no bound"
    return signed(f"{value:.{digits}f}")


def share(value: float | None) -> str:
    """A share with three digits; a dash for none."""
    return NONE if value is None else fixed(value, digits=3)


def p_value(value: float) -> str:
    """A p value: three digits, two from 0.1 upwards, and below a thousandth that it is."""
    if value < SMALLEST_P:
        return f"<{SMALLEST_P}"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def with_interval(value: str, *, low: str, high: str) -> str:
    """`0.917 (0.865 to 0.969)`; the value alone where an end is missing."""
    return value if NONE in (low, high) or not low or not high else f"{value} ({low} to {high})"


def column_digits(cells: Iterable[str]) -> int | None:
    """Digits of all numbers of a column: 0 of whole numbers, 3 of shares; none where each number needs its own."""
    numbers = [cell for cell in cells if is_number(cell)]
    values = [float(cell) for cell in numbers]
    if not values:
        return None
    if all(cell.lstrip("+-").isdigit() for cell in numbers):
        return 0
    if all(abs(value) <= 1 for value in values):
        return 3
    return 0 if all(value == round(value) for value in values) else None


def printed(cell: str, *, digits: int | None) -> str:
    """A cell as it is printed; text stays as it is, `True` and `False` become yes and no."""
    if cell in ("True", "False"):
        return "yes" if cell == "True" else "no"
    if cell in ("inf", "-inf"):
        return "no bound"
    if not is_number(cell):
        return cell or NONE
    if cell.lstrip("+-").isdigit():
        return signed(cell)
    value = float(cell)
    return fixed(value, digits=decimals(value) if digits is None else digits)
