"""An exact test of equal shares in several groups of rows, patients as units."""

from itertools import product
from math import comb, prod

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy import stats


def equality_p(
    hits: Int[np.ndarray, " row"],
    *,
    groups: Int[np.ndarray, " row"],
    clusters: Shaped[np.ndarray, " row"],
    draws: int,
    generator: np.random.Generator,
) -> float:
    """P of a permutation test that the share of hits is the same in groups 0, 1, ..., patients as units.

    Patients with as many rows as each other swap their hits as a whole, and the rows of a patient swap theirs: with a
    row per patient this is Fisher's exact test by simulation. Drawn as tables with fixed margins, so that its cost
    does not grow with the number of patients.

    Source: Freeman and Halton 1951, Biometrika 38:141, by simulation
    """
    n_groups = int(groups.max()) + 1
    _, unit = np.unique(clusters.astype(str), return_inverse=True)
    member = np.zeros((unit.max() + 1, n_groups), dtype=int)
    np.add.at(member, (unit, groups), 1)
    right = np.bincount(unit, weights=hits).astype(int)
    drawn = np.zeros((draws, n_groups))
    for size in np.unique(member.sum(axis=1)):
        alike = member.sum(axis=1) == size
        drawn += _drawn(member[alike], right=right[alike], draws=draws, generator=generator)
    totals = member.sum(axis=0)
    seen = _spread(np.bincount(groups, weights=hits)[None], totals=totals)[0]
    beyond = int((_spread(drawn, totals=totals) >= seen - 1e-9).sum())
    return (1 + beyond) / (1 + draws)


def _drawn(
    member: Int[np.ndarray, "unit group"],
    *,
    right: Int[np.ndarray, " unit"],
    draws: int,
    generator: np.random.Generator,
) -> Float[np.ndarray, "draw group"]:
    """Hits per group in each draw, of units with equally many rows."""
    patterns, kind = np.unique(member, axis=0, return_inverse=True)
    size = int(patterns[0].sum())
    by_kind = np.bincount(kind.ravel(), minlength=len(patterns))
    by_right = np.bincount(right, minlength=size + 1)
    times = _tables(by_kind, by_right=by_right, draws=draws, generator=generator)
    hits = np.zeros((draws, member.shape[1]))
    for index, pattern in enumerate(patterns):
        for count in np.flatnonzero(by_right[1:]) + 1:
            ways, chances = _ways(pattern, count=int(count))
            hits += generator.multinomial(times[:, index, count], chances) @ ways
    return hits


def _ways(
    pattern: Int[np.ndarray, " group"], *, count: int
) -> tuple[Int[np.ndarray, "way group"], Float[np.ndarray, " way"]]:
    """The ways in which `count` hits fall on a patient's rows, which `pattern` counts per group, and their chances."""
    ways = [way for way in product(*(range(rows + 1) for rows in pattern)) if sum(way) == count]
    weights = [prod(comb(int(rows), hits) for rows, hits in zip(pattern, way, strict=True)) for way in ways]
    return np.array(ways), np.array(weights) / sum(weights)


def _tables(
    by_kind: Int[np.ndarray, " kind"],
    *,
    by_right: Int[np.ndarray, " right"],
    draws: int,
    generator: np.random.Generator,
) -> Int[np.ndarray, "draw kind right"]:
    """Tables with these margins; SciPy's sampler (1.17) gives wrong ones, negative counts too, for a single row."""
    if len(by_kind) == 1:
        return np.broadcast_to(by_right, (draws, 1, len(by_right)))
    return np.asarray(stats.random_table(by_kind, by_right).rvs(draws, random_state=generator))


def _spread(hits: Float[np.ndarray, "draw group"], *, totals: Int[np.ndarray, " group"]) -> Float[np.ndarray, " draw"]:
    """Sum over groups of n times the squared distance of their share from the share of all."""
    share = hits.sum(axis=1, keepdims=True) / totals.sum()
    return np.asarray((totals * (hits / totals - share) ** 2).sum(axis=1))
