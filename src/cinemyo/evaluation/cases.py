"""The cines that an arm called wrong, for a person to look at."""

import pandas as pd

from cinemyo.evaluation.scoring import Scored


def misclassified(scored: Scored, *, regions: pd.DataFrame, phases: pd.DataFrame) -> pd.DataFrame:
    """One row per misclassified test cine, the most confident error first, with the review flags of its preparation.

    Source: Germain 2021, §2.4 ("all errors looked at")
    """
    columns = [f"p_{name}" for name in scored.classes]
    wrong = scored.answers[scored.answers["truth"] != scored.answers["predicted"]]
    ordered = wrong.assign(confidence=wrong[columns].max(axis=1)).sort_values(
        "confidence", ascending=False, kind="stable", ignore_index=True
    )
    region_flags, phase_flags = (frame.set_index("cine_id")["review"] for frame in (regions, phases))
    named = ordered.assign(
        truth=[scored.classes[k] for k in ordered["truth"]],
        predicted=[scored.classes[k] for k in ordered["predicted"]],
        region_review=ordered["cine_id"].map(region_flags),
        phase_review=ordered["cine_id"].map(phase_flags),
    )
    return named[["cine_id", "fold", "view", "truth", "predicted", *columns, "region_review", "phase_review"]]
