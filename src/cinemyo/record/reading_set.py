"""A blinded reading set as a table: which cines are read, in which order, and which of them twice."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from cinemyo.errors import ConfigError
from cinemyo.evaluation.label_errors import label_error_list
from cinemyo.evaluation.scoring import Scored
from cinemyo.schema import from_rows
from cinemyo.sheets import READING_KEY

MOST_REREAD: Final = 0.5
"""Share of rereadings beyond which they could not be kept apart from their first readings."""
APART: Final = 4
"""A rereading follows its first reading by at least the number of cines over this."""


def drawn(cines: pd.DataFrame, *, count: int | None, generator: np.random.Generator) -> list[str]:
    """So many cines at random, of as many patients as there are; all of them without a count.

    `cines` has cine_id and patient_id. A patient's second cine is drawn only when every patient has given a first one.

    Raises:
        ConfigError: more cines are asked for than there are.
    """
    if count is not None and not 0 < count <= len(cines):
        remedy = "ask for fewer, or none of the option for all"
        raise ConfigError("--cines", expected=f"1 to {len(cines)} cines", got=str(count), remedy=remedy)
    shuffled = cines.iloc[generator.permutation(len(cines))]
    turn = shuffled.groupby("patient_id", sort=False).cumcount()
    order = np.argsort(turn.to_numpy(), kind="stable")
    return [str(cine) for cine in shuffled["cine_id"].iloc[order].head(len(cines) if count is None else count)]


def mixed(
    scored: Scored, *, cines: pd.DataFrame, count: int | None, generator: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Candidates for label errors of an arm, the least likely labels, and as many random cines that it called right.

    `count` is how many cines of both there are at most.

    Raises:
        ConfigError: the arm has no candidate.
    """
    listed = label_error_list(scored, cines=cines)["cine_id"].tolist()
    if not listed:
        remedy = "there is nothing to review; leave --mix out for a reading set"
        raise ConfigError(f"--mix {scored.name}", expected="candidates for label errors", got="none", remedy=remedy)
    candidates = [str(cine) for cine in (listed if count is None else listed[: max(1, count // 2)])]
    answers = scored.answers
    right = answers[(answers["truth"] == answers["predicted"]) & ~answers["cine_id"].isin(listed)]
    controls = drawn(right, count=min(len(candidates), len(right)) or None, generator=generator) if len(right) else []
    return candidates, controls


def sequence(cines: Sequence[str], *, rereadings: float, generator: np.random.Generator) -> list[tuple[str, int]]:
    """Cines with the number of their reading, in random order; a share of them comes again, never soon after.

    What is reread is drawn from the first half, and comes in the second at least a quarter of the cines later.

    Raises:
        ConfigError: the share is not from 0 to one half.

    Source: Germain 2021, §2.5 (the labeller reread, months later)
    """
    if not 0 <= rereadings <= MOST_REREAD:
        remedy = "more than a half would follow their first readings closely"
        got = f"{rereadings:g}"
        raise ConfigError("--rereadings", expected=f"a share from 0 to {MOST_REREAD:g}", got=got, remedy=remedy)
    order = [cines[index] for index in generator.permutation(len(cines))]
    half, apart = len(order) // 2, max(1, len(order) // APART)
    again = sorted(generator.permutation(half)[: min(half, round(rereadings * len(order)))].tolist())
    placed = [(cine, 1) for cine in order[:half]]
    waiting: list[tuple[str, int, int]] = [(cine, 1, 0) for cine in order[half:]]
    waiting += [(order[index], 2, index + apart) for index in again]
    while waiting:
        ripe = [place for place, (_, _, earliest) in enumerate(waiting) if earliest <= len(placed)]
        cine, reading, _ = waiting.pop(ripe[int(generator.integers(len(ripe)))])
        placed.append((cine, reading))
    return placed


def key_of(placed: Sequence[tuple[str, int]], *, origins: dict[str, str]) -> pd.DataFrame:
    """The key of a set: which cine and reading each item is, and why it is in the set; never shown to a reader."""
    rows = [
        {"item": f"item_{number:04d}", "cine_id": cine, "reading": reading, "origin": origins.get(cine, "drawn")}
        for number, (cine, reading) in enumerate(placed, start=1)
    ]
    return from_rows(rows, table=READING_KEY)
