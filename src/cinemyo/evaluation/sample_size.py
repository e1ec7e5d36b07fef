"""How many patients the observed accuracy would take to be known to plus or minus what is asked for."""

from typing import Any, Final

import pandas as pd

from cinemyo.config import Params
from cinemyo.evaluation import estimates
from cinemyo.evaluation.describe import standing
from cinemyo.evaluation.evidence import Evidence
from cinemyo.evaluation.intervals import effective_rows, of_share
from cinemyo.evaluation.levels import hits_of, levels
from cinemyo.evaluation.power import patients_for
from cinemyo.evaluation.result import ResultTable
from cinemyo.evaluation.scoring import Scored

TITLE: Final = "Sample size"


def tables(evidence: Evidence) -> list[ResultTable]:
    """Patients that each honest arm would need, by patient and by cine, beside those that it had."""
    if not evidence.honest:
        needs = "add arms by patient and with labels as given"
        return [ResultTable.absent("sample_size", title=TITLE, needs=needs)]
    rows = [row for scored in evidence.honest for row in rows_of(scored, params=evidence.params)]
    wanted = evidence.params.evaluate.half_width
    note = (
        f"Patients whose {evidence.params.evaluate.level:.0%} interval of the accuracy would be plus or minus "
        f"{100 * wanted:g} points, were the accuracy as observed; it is itself an estimate. Design effect: cines per "
        f"cine that is worth as much as one of a patient of its own."
    )
    return [ResultTable("sample_size", TITLE, pd.DataFrame(rows), note)]


def rows_of(scored: Scored, *, params: Params) -> list[dict[str, Any]]:
    """A row per level: what there was, how wide its interval is, and how many patients it would take.

    Source: Korn and Graubard 1998, Survey Methodology 24:193, for the rows that clustered ones are worth
    """
    settings, rows = params.evaluate, []
    for name, answers in levels(scored.answers, target=scored.arm.target).items():
        n_patients = int(answers["patient_id"].nunique())
        estimate = estimates.share(hits_of(answers), clusters=answers["patient_id"].to_numpy(object))
        low, high = of_share(estimate, rows=len(answers), level=settings.level)
        worth = effective_rows(estimate, rows=len(answers), level=settings.level)
        needed = patients_for(
            settings.half_width, share=estimate.value, design_effect=n_patients / worth, level=settings.level
        )
        row = {"arm": scored.name, "level": name, "n": len(answers), "n_patients": n_patients}
        row |= {"accuracy": estimate.value, "half_width": (high - low) / 2, "wanted_half_width": settings.half_width}
        row |= {"design_effect": len(answers) / worth, "effective_n": worth, "patients_needed": needed}
        row |= {"patients_missing": max(0, needed - n_patients)}
        rows.append(row | {"standing": standing(scored.arm, study=params.study)})
    return rows
