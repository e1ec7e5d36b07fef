"""Where the real data lies beside the project, and the skip marks of tests that need it."""

from pathlib import Path

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
