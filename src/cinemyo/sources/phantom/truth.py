"""What is true of each synthetic cine, kept beside the images."""

from pathlib import Path
from typing import Final

import numpy as np
import SimpleITK
from jaxtyping import UInt8

from cinemyo.labels import PATHOLOGIES, VIEWS
from cinemyo.sources.phantom.cohort import Patient, Plan
from cinemyo.sources.phantom.planes import Plane
from cinemyo.sources.phantom.subtypes import SUBTYPES
from cinemyo.tables import Table, flag, integer, number, text

LEFT_VENTRICLE: Final = 3
TRUTH: Final = Table(
    "phantom truth",
    (
        text("patient"),
        text("exam"),
        text("series"),
        text("pathology", among=PATHOLOGIES),
        text("subtype", among=tuple(kind.name for kinds in SUBTYPES.values() for kind in kinds)),
        flag("borderline"),
        text("view", among=VIEWS),
        flag("typical"),
        text("sex", among=("F", "M")),
        integer("age_years", low=18, high=110),
        number("rr_ms", low=0),
        integer("diastole_index", low=0),
        integer("systole_index", low=0),
        number("systole_ms", low=0),
        number("centre_row_mm"),
        number("centre_column_mm"),
        number("edv_ml", low=0),
        number("esv_ml", low=0),
        number("ef_percent", low=0, high=100),
        number("edd_mm", low=0, high=150),
        number("wall_mm", low=0, high=60),
    ),
    ("series",),
)
"""One row per cine. The centre is that of the left ventricle's cavity at end-diastole, mm from the centre of the first
pixel; volumes, diameter and wall are the patient's."""


def heart_truth(patient: Patient) -> dict[str, object]:
    """The cells of a patient's heart, equal in all rows of the patient."""
    heart = patient.heart
    return {
        "pathology": patient.pathology,
        "subtype": patient.subtype.name,
        "borderline": patient.subtype.borderline,
        "sex": patient.sex,
        "age_years": patient.age,
        "edv_ml": round(heart.diastolic_ml, 2),
        "esv_ml": round(heart.systolic_ml, 2),
        "ef_percent": round(100 * heart.ejection, 2),
        "edd_mm": round(heart.diameter, 2),
        "wall_mm": round(heart.thickest_mm, 2),
    }


def view_truth(plan: Plan, *, plane: Plane, mask: UInt8[np.ndarray, "phase y x"]) -> dict[str, object]:
    """The cells of a view; the mask is at end-diastole and end-systole."""
    rows, columns = np.nonzero(mask[0] == LEFT_VENTRICLE)
    return {
        "view": plan.view,
        "typical": plan.typical,
        "centre_row_mm": round(float(rows.mean()) * plane.pixel_mm, 3),
        "centre_column_mm": round(float(columns.mean()) * plane.pixel_mm, 3),
    }


def write_mask(path: Path, mask: UInt8[np.ndarray, "phase y x"], *, pixel_mm: float) -> None:
    """Writes the mask of both phases with its pixel size, and nothing else."""
    image = SimpleITK.GetImageFromArray(mask)
    image.SetSpacing((pixel_mm, pixel_mm, 1.0))
    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, str(path), useCompression=True)
