"""The account of a de-identified export: one row per input file, by keyed name."""

from typing import Any, Final

from cinemyo.sources import dicom_codes
from cinemyo.tables import CODE, ID, Table, flag, integer, share, text

SHARED, REVIEW, REFUSED = "shared", "review", "refused"

REASONS: Final[dict[str, str]] = {
    **dicom_codes.REASONS,
    "text_suspected": "something in the pixels looks like text: a person looks before the image leaves",
    "identity_left": "a value that names the patient was found in what would have been written",
}
"""What a code means, in one sentence."""

MANIFEST: Final = Table(
    "manifest",
    (
        text("file", pattern=r"^[0-9a-f]{32}$"),
        text("digest", pattern=r"^[0-9a-f]{64}$"),
        integer("bytes", low=0),
        text("outcome", among=(SHARED, REVIEW, REFUSED)),
        text("code", nullable=True, pattern=CODE),
        text("reason", nullable=True),
        text("patient_id", nullable=True, pattern=ID),
        text("exam_id", nullable=True, pattern=ID),
        integer("exam_order", nullable=True, low=1),
        text("series_id", nullable=True, pattern=ID),
        text("output", nullable=True),
        text("output_digest", nullable=True, pattern=r"^[0-9a-f]{64}$"),
        integer("frames", nullable=True, low=1),
        share("text_score", nullable=True),
        text("transfer_syntax", nullable=True),
        flag("lossy", nullable=True),
        text("methods", nullable=True),
        text("cleared_by", nullable=True),
    ),
    ("file",),
)
"""File and digest are keyed hashes of the input's relative name and of its bytes; `output_digest` is the SHA-256 of
what was written. The transfer syntax is the input's: what is written is Explicit VR Little Endian. `methods` are the
codes of DeidentificationMethodCodeSequence. `cleared_by` is the role of the person who saw no text where the search
suspected some. No date stands here: `exam_order` ranks a patient's exams in time."""


def row(**cells: Any) -> dict[str, Any]:
    """A row with the given cells, empty elsewhere; the reason follows from the code."""
    code = cells.get("code")
    return dict.fromkeys(MANIFEST.header) | cells | {"reason": REASONS[code] if code else None}
