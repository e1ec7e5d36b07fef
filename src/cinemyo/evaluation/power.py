"""How many patients it takes."""

import math

from scipy import special


def patients_for(half_width: float, *, share: float, design_effect: float = 1.0, level: float = 0.95) -> int:
    """Patients whose interval of the share would be plus or minus `half_width`.

    The design effect is patients per independent row: 1 by patient; by cine, patients over `effective_rows`. Near 0 and
    1 it is never less than the exact interval of a share without exception takes to be as narrow.

    Source: sample sizes of domain practice: 1825, 457, 203 patients for 1, 2, 3 points at a share of .95
    """
    z, tail = float(special.ndtri((1 + level) / 2)), (1 - level) / 2
    by_normal = z**2 * share * (1 - share) / half_width**2
    without_exception = math.log(tail) / math.log1p(-2 * half_width) if half_width < 0.5 else 1.0
    return math.ceil(design_effect * max(by_normal, without_exception) - 1e-9)


def patients_for_margin(margin: float, *, discordant_share: float, level: float = 0.95, power: float = 0.8) -> int:
    """Patients at which two models that are alike would be shown equivalent within the margin, with that power.

    Source: Liu et al. 2002, Stat Med 21:231; two one-sided tests at (1 - level) / 2 each
    """
    return _patients(margin, quantile=(1 + power) / 2, discordant_share=discordant_share, level=level)


def patients_for_non_inferiority(
    margin: float, *, discordant_share: float, level: float = 0.95, power: float = 0.8
) -> int:
    """The same to be shown no worse by more than the margin: one test at (1 - level) / 2."""
    return _patients(margin, quantile=power, discordant_share=discordant_share, level=level)


def _patients(margin: float, *, quantile: float, discordant_share: float, level: float) -> int:
    """Half a patient in each cell, as in the interval, so that a discordant share of 0 needs patients too."""
    width = (float(special.ndtri((1 + level) / 2)) + float(special.ndtri(quantile))) / margin
    # (discordant_share * n + 1) * width^2 <= (n + 2)^2 is the interval's own condition, solved for n
    below = discordant_share * width**2 - 4
    return math.ceil((below + math.sqrt(below**2 + 4 * (width**2 - 4))) / 2 - 1e-9) if width > 2 else 1
