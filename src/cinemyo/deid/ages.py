"""Ages that tell no birth date: whole years, and one class for the oldest."""

import re
from datetime import date
from typing import Final

OLDEST_YEARS: Final = 90
"""Stands for 90 and above."""

_AGE: Final = re.compile(r"^(\d{1,3})([DWMY])$")
_PER_YEAR: Final = {"D": 365.25, "W": 52.18, "M": 12.0, "Y": 1.0}


def age_years(age: str, *, birth: str, study: str) -> int | None:
    """Whole years from a DICOM age such as 045Y, else from birth and study date; 90 stands for 90 and above.

    Source: 45 CFR 164.514(b)(2)(i)(C)
    """
    match = _AGE.match(age.strip().upper())
    if match is not None:
        return min(OLDEST_YEARS, int(int(match[1]) / _PER_YEAR[match[2]]))
    born, seen = _day(birth), _day(study)
    if born is None or seen is None or seen < born:
        return None
    return min(OLDEST_YEARS, seen.year - born.year - ((seen.month, seen.day) < (born.month, born.day)))


def _day(value: str) -> date | None:
    digits = re.sub(r"[.\-/]", "", value)
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
