"""Where the real data lies beside the project, and the skip marks of tests that need it."""

from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
ACDC = SHARED / "data" / "acdc" / "training"
ACDC_CINE = SHARED / "data" / "acdc_cine"
SUNNYBROOK = SHARED / "data" / "sunnybrook"
EDGE = SHARED / "data" / "dicom_edge"
WEIGHTS = SHARED / "weights" / "mobilenetv2_100.tf_qat_in1k.safetensors"


def needs(path: Path) -> pytest.MarkDecorator:
    """A mark that skips a test where a folder or file of real data is absent."""
    return pytest.mark.skipif(not path.exists(), reason=f"real data is absent: shared/{path.relative_to(SHARED)}")


RESULTS: dict[str, Any] = {
    "external": {"sources": {}, "arms": []},
    "leakage": {"features": "pixels", "recipe": "coarse", "crop_px": 32, "partitions": 5, "logit_sd": 3},
    "robustness": {"centre_mm": 10, "frames": 1, "window_share": 0.1, "rotation_degrees": 15},
    "evaluate": {
        "bootstrap": 100,
        "level": 0.95,
        "prevalences": {"even": {"normal": 0.34, "hcm": 0.33, "dcm": 0.33}},
        "confident": 0.9,
        "subgroup_patients": 30,
        "calibration_patients": 100,
        "bin_patients": 20,
        "half_width": 0.02,
        "reference": "labeller",
    },
    "sheets": {
        "readers": "conf/sheets/no_readers.csv",
        "corrections": "conf/sheets/no_corrections.csv",
        "openings": "conf/openings/demo.csv",
    },
    "oversight": {
        "protocol": "20-072",
        "consent_basis": "synthetic",
        "responsible_role": "principal investigator",
        "images_until": None,
        "audit_until": None,
        "consents": "conf/oversight/no_consents.csv",
        "withdrawn": "conf/oversight/withdrawn_demo.csv",
    },
}
"""Sections of the params that follow training, for tests that need a whole study."""

EXPLAIN: dict[str, Any] = {"gaussian_mm": 47, "margin_mm": 6, "edge_mm": 12, "donors": 2, "hot": 0.8, "decisive": 0.05}
"""What the section explain has beside sizes of the heart."""
