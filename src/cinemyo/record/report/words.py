"""Column names of the result tables in words, with units; a name that is not here loses its underscores."""

import re
from collections.abc import Collection, Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    "accuracy_by_input": "Accuracy split by input (leaky)",
    "accuracy_by_patient": "Accuracy split by patient",
    "accuracy_mean": "Accuracy, mean ± SD over folds",
    "age_years": "Age, years",
    "all_cines": "All (cines)",
    "all_patients": "All (patients)",
    "arm_accuracy": "Accuracy of the arm",
    "arm_error_share": "Errors, share",
    "arm_errors": "Errors of the arm",
    "arm_n": "All of the arm, n",
    "auroc": "AUROC",
    "balanced_accuracy_bca": "Balanced accuracy, bootstrap (BCa)",
    "brier": "Brier score (0 to 2)",
    "cell_mm": "Cell of the map, mm",
    "cine_id": "Cine",
    "cines_per_patient": "Cines per patient",
    "dcm": "DCM",
    "dcm_cines": "DCM (cines)",
    "dcm_patients": "DCM (patients)",
    "detectable": "Detectable difference (power 80 %)",
    "difference": "Difference",
    "distance_mm": "Distance, mm",
    "ece": "ECE",
    "ece_if_calibrated": "ECE if calibrated",
    "ece_if_calibrated_95": "ECE if calibrated, 95th percentile",
    "effective_n": "Effective n",
    "flag": "Why",
    "four_chamber": "Four-chamber",
    "flipped": "Answers flipped, share",
    "gap": "Gap (by input less by patient)",
    "group": "Subgroup",
    "half_width": "Half width of the interval",
    "hcm": "HCM",
    "hcm_cines": "HCM (cines)",
    "hcm_patients": "HCM (patients)",
    "largest_class": "Largest class, share",
    "leaky_arm": "Its twin by input",
    "level": "By",
    "loss_mean": "Loss (nats), mean ± SD over folds",
    "macro_f1": "Macro F1",
    "macro_f1_bca": "Macro F1, bootstrap (BCa)",
    "metadata_accuracy": "Accuracy from metadata alone",
    "missed": "Called normal, n",
    "n": "n",
    "n_tied": "Tied probabilities, n",
    "nll": "NLL (nats)",
    "non_inferiority": "Non-inferiority",
    "normal_cines": "Normal (cines)",
    "normal_patients": "Normal (patients)",
    "npv": "NPV",
    "opened_on": "Opened on",
    "p": "p",
    "p_accuracy": "p (accuracy)",
    "p_cines": "p on cines (as in the paper)",
    "p_holm": "p, Holm",
    "p_loss": "p (loss)",
    "p_patients": "p by patient",
    "p_patients_holm": "p by patient, Holm",
    "partition_sd": "SD over partitions",
    "patient_accuracy": "Accuracy by patient",
    "patient_id": "Patient",
    "patients_missing": "Patients still missing, n",
    "patients_needed": "Patients needed, n",
    "ppv": "PPV",
    "reason": "Remark",
    "sd": "SD",
    "short_axis": "Short axis",
    "statistic_cines": "Statistic on cines",
    "statistic_patients": "Statistic on patients",
    "systole_ms": "Systole, ms after the R wave",
    "temperature_range": "Temperature, range over folds",
    "vla_left": "VLA, apex left",
    "vla_right": "VLA, apex right",
    "wanted_half_width": "Half width wanted",
}
"""Written once: a column means the same in every table."""

UPPER: Final = {
    "auroc": "AUROC",
    "dcm": "DCM",
    "ece": "ECE",
    "hcm": "HCM",
    "lv": "LV",
    "nll": "NLL",
    "pabak": "PABAK",
    "sd": "SD",
}
NAME: Final = re.compile(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)*\b(:?)")


def words(column: str) -> str:
    """A column name as people read it, a unit after a comma."""
    if column in WORDS:
        return WORDS[column]
    name, unit = (column.removeprefix("n_"), ", n") if column.startswith("n_") else (column, "")
    for ending, printed in (("_mm", ", mm"), ("_ms", ", ms"), ("_px", ", pixels"), ("_years", ", years")):
        if column.endswith(ending):
            name, unit = column.removesuffix(ending), printed
    said = " ".join(UPPER.get(part, part) for part in name.split("_"))
    return said[:1].upper() + said[1:] + unit


def told(note: str, *, columns: Collection[str], titles: Mapping[str, str]) -> str:
    """A note whose column names are said in words, and whose table names are said as titles.

    Words are taken for column names where they have an underscore, or where a colon explains them.
    """

    def said(match: re.Match[str]) -> str:
        name, colon = match.group().rstrip(":"), match.group(1)
        if "_" in name and name in titles:
            return f"“{titles[name]}”{colon}"
        known = name in columns or name in WORDS
        return f"“{words(name)}”{colon}" if known and ("_" in name or (colon and name in columns)) else match.group()

    return NAME.sub(said, note)
