"""Rows of a sheet that speak of patients who withdrew."""

import pandas as pd

from cinemyo.deid.pseudonyms import pseudonym
from cinemyo.deid.refusals import Refusals


def without_refused(sheet: pd.DataFrame, *, refused: Refusals, column: str = "patient") -> pd.DataFrame:
    """The rows of all others, with their numbers; `column` holds the identifiers of a hospital."""
    if not refused.codes:
        return sheet
    key = refused.key.asking()
    is_refused = [
        not pd.isna(cell) and pseudonym("patient", str(cell), key=key) in refused for cell in sheet[column].tolist()
    ]
    return sheet[[not one for one in is_refused]]
