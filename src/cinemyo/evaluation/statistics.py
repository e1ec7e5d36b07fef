"""Intervals and tests whose unit is the patient, by their old name."""

from cinemyo.evaluation.comparison import CorrectedTest, corrected_t, corrected_t_of, holm, mcnemar
from cinemyo.evaluation.intervals import Interval, wilson

__all__ = ["CorrectedTest", "Interval", "corrected_t", "corrected_t_of", "holm", "mcnemar", "wilson"]
