"""Accuracy within subgroups of patients and cines, and whether it differs between them."""

import zlib
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import stats

from cinemyo.config import Params
from cinemyo.evaluation.comparison import holm
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.groups import NOT_GIVEN, groupings, lack_of, lacking
from cinemyo.evaluation.levels import counts_of, hits_of, levels, share_of, tabulated
from cinemyo.evaluation.metrics import by_patient
from cinemyo.evaluation.permutation import equality_p
from cinemyo.evaluation.result import NOT_PART, ResultTable
from cinemyo.evaluation.scoring import Scored

POWER: Final = 0.8
TITLE: Final = "Accuracy within subgroups"
TESTS_TITLE: Final = "Does the accuracy by patient differ between subgroups?"
NEEDS: Final = "add arms of target pathology, by patient and with labels as given"


def tables(evidence: Evidence) -> list[ResultTable]:
    """Figures and tests by sex, age tertile, view, scanner, contrast, effusion and typicality, of each honest arm."""
    arms = [scored for scored in evidence.honest if scored.arm.target == "pathology"]
    if not arms:
        absent = (("subgroups", TITLE), ("subgroup_tests", TESTS_TITLE))
        return [ResultTable.absent(name, title=title, needs=NEEDS) for name, title in absent]
    groups, least = groupings(evidence.cines, labels=evidence.labels), evidence.params.evaluate.subgroup_patients
    figures = [row for scored in arms for row in figure_rows(scored, groups=groups, params=evidence.params)]
    tests = pd.concat([test_rows(scored, groups=groups, params=evidence.params) for scored in arms], ignore_index=True)
    shown = f"a subgroup of fewer than {least} patients is shown, not tested"
    note = f"Intervals by patient, {evidence.params.evaluate.level:.0%}; {shown}; by patient, a row is the mean over"
    tested = (
        f"One permutation test per attribute ({evidence.params.evaluate.bootstrap} draws, patients are moved whole), "
        f"Holm over the attributes of an arm; {shown}. Detectable: the difference between the smallest subgroup and "
        f"the others that is found with a probability of {POWER:.0%} before Holm. No finding is no proof of equality."
    )
    return [
        ResultTable("subgroups", TITLE, tabulated(figures), f"{note} the patient's cines in the subgroup."),
        ResultTable("subgroup_tests", TESTS_TITLE, tests, tested),
    ]


def figure_rows(scored: Scored, *, groups: dict[str, pd.Series], params: Params) -> Iterator[dict[str, Any]]:
    """Rows per attribute, subgroup and level of an arm; a single one with the reason where the attribute is lacking."""
    head, tail = {"arm": scored.name}, {"standing": standing(scored.arm, study=params.study)}
    for attribute, values in groups.items():
        if lacking(values):
            yield head | {"attribute": attribute, "reason": _lack(attribute)} | tail
            continue
        for group, answers in _divided(scored.answers, values=values):
            reason = _untested(group, patients=answers["patient_id"].nunique(), least=params.evaluate.subgroup_patients)
            for level, rows in levels(answers, target="pathology").items():
                own = {"attribute": attribute, "group": group, "level": level} | counts_of(rows)
                share = share_of(hits_of(rows), rows=rows, level=params.evaluate.level, name="accuracy")
                yield head | own | share | {"reason": reason} | tail


def test_rows(scored: Scored, *, groups: dict[str, pd.Series], params: Params) -> pd.DataFrame:
    """A row per attribute: whether the accuracy by patient is the same in all subgroups that are large enough."""
    rows = [
        {"arm": scored.name, "attribute": name, **_test(scored, attribute=name, values=values, params=params)}
        for name, values in groups.items()
    ]
    frame = pd.DataFrame(rows)
    frame["p_holm"] = holm(frame["p"].tolist())
    columns = ["arm", "attribute", "groups", "n_patients", "p", "p_holm", "detectable", "reason"]
    return frame[columns].assign(standing=standing(scored.arm, study=params.study))


def _test(scored: Scored, *, attribute: str, values: pd.Series, params: Params) -> dict[str, Any]:
    untested = {"groups": "", "n_patients": 0, "p": np.nan, "detectable": np.nan}
    if lacking(values):
        return untested | {"reason": _lack(attribute)}
    least = params.evaluate.subgroup_patients
    parts = {
        group: by_patient(answers, classes=scored.classes)
        for group, answers in _divided(scored.answers, values=values)
        if not _untested(group, patients=answers["patient_id"].nunique(), least=least)
    }
    if len(parts) < 2:
        which = f"subgroup '{next(iter(parts))}' alone has" if parts else "no subgroup has"
        return untested | {"groups": ", ".join(parts), "reason": f"not tested: {which} {least} patients or more"}
    rows = pd.concat(parts.values(), ignore_index=True)
    seed = [params.seed, zlib.crc32(f"{scored.name} {attribute}".encode())]
    p = equality_p(
        hits_of(rows),
        groups=np.repeat(np.arange(len(parts)), [len(part) for part in parts.values()]),
        clusters=rows["patient_id"].to_numpy(object),
        draws=params.evaluate.bootstrap,
        generator=np.random.default_rng(seed),
    )
    sizes = [len(part) for part in parts.values()]
    found = detectable(
        int(hits_of(rows).sum()), small=min(sizes), rest=sum(sizes) - min(sizes), level=params.evaluate.level
    )
    n = int(rows["patient_id"].nunique())
    return {"groups": ", ".join(parts), "n_patients": n, "p": p, "detectable": found, "reason": ""}


def detectable(hits: int, *, small: int, rest: int, level: float) -> float:
    """The difference of accuracy between a group of `small` and one of `rest` that is found with 80 % probability.

    The share of all is moved towards a half by two hits and two misses, so that a perfect accuracy keeps an error.
    """
    share = (hits + 2) / (small + rest + 4)
    z = stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(POWER)
    return float(min(1.0, z * np.sqrt(share * (1 - share) * (1 / small + 1 / rest))))


def _divided(answers: pd.DataFrame, *, values: pd.Series) -> Iterator[tuple[str, pd.DataFrame]]:
    """Answers of each subgroup that has any, in the order of the subgroups."""
    own = values.reindex(answers["cine_id"].to_numpy())
    for group in own.cat.categories:
        rows = answers[(own == group).to_numpy(bool)]
        if len(rows):
            yield str(group), rows


def _untested(group: str, *, patients: int, least: int) -> str:
    if group == NOT_GIVEN:
        return "shown, not tested: the attribute is not given"
    return "" if patients >= least else f"shown, not tested: {patients} patients, fewer than {least}"


def _lack(attribute: str) -> str:
    return f"{NOT_PART}: {lack_of(attribute)}"
