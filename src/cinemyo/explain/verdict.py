"""Where an answer came from: a verdict only where the heat and the exchange of heart and background agree."""

from typing import Literal

Side = Literal["heart", "outside", "undecided"]
Verdict = Literal["heart", "outside", "undecided", "too_coarse", "no_heat"]


def heat_side(hotness: float, *, hot: float) -> Side:
    """The heart where some of it is at least `hot` of the peak, as a reader sees it; else outside."""
    return "heart" if hotness >= hot else "outside"


def exchange_side(*, kept_heart: float, kept_background: float, decisive: float) -> Side:
    """What the probability of a class goes with: its heart, or its background; by less than `decisive`, neither."""
    gain = kept_heart - kept_background
    if abs(gain) < decisive:
        return "undecided"
    return "heart" if gain > 0 else "outside"


def verdict(*, hotness: float | None, hot: float, is_too_coarse: bool, exchange: Side) -> Verdict:
    """The side on which heat and exchange agree; no verdict from a map that is too coarse or without heat.

    Source: replaces the reading by eye of Germain 2021, §3.6
    """
    if is_too_coarse:
        return "too_coarse"
    if hotness is None:
        return "no_heat"
    side = heat_side(hotness, hot=hot)
    return side if side == exchange else "undecided"
