"""Sheets that people write beside the label sheet: readers' opinions, corrected labels, openings of the hold-out."""

from typing import Final

from cinemyo.labels import PATHOLOGIES
from cinemyo.schema import Table, integer, share, text
from cinemyo.tables import ID

READERS: Final = Table(
    "readers",
    (
        text("cine_id", pattern=ID),
        text("reader", pattern=r"^[a-z][a-z0-9_]*$"),
        integer("reading", low=1),
        text("pathology", among=PATHOLOGIES),
        share("confidence", nullable=True),
    ),
    ("cine_id", "reader", "reading"),
)
"""One row per cine, reader (a role, never a name) and reading; readings above 1 are rereadings."""

READING_KEY: Final = Table(
    "reading_key",
    (
        text("item", pattern=r"^item_\d{4,}$"),
        text("cine_id", pattern=ID),
        integer("reading", low=1),
        text("origin", among=("drawn", "candidate", "control")),
    ),
    ("item",),
)
"""One row per item of a blinded reading set: the cine behind it, its reading, and why it is in the set."""

ANSWERS: Final = Table(
    "answers",
    (
        text("item", pattern=r"^item_\d{4,}$"),
        text("pathology", among=PATHOLOGIES),
        share("confidence", nullable=True),
    ),
    ("item",),
)
"""One row per item that a reader answered: what goes on the answer sheet of a reading set."""

CORRECTIONS: Final = Table(
    "corrections",
    (
        text("cine_id", pattern=ID),
        text("before", among=PATHOLOGIES),
        text("pathology", among=PATHOLOGIES),
        text("role"),
        text("reason"),
    ),
    ("cine_id",),
)
"""One row per cine whose label was corrected after unblinding, by whose role and why; it holds for the whole exam."""

OPENINGS: Final = Table(
    "openings",
    (
        text("arm", pattern=r"^[a-z][a-z0-9_]*$"),
        text("opened_on", pattern=r"^\d{4}-\d{2}-\d{2}$"),
        text("role"),
        text("reason"),
        text("models", pattern=r"^[0-9a-f]{64}$"),
        text("folds", pattern=r"^[0-9a-f]{64}$"),
    ),
    ("arm", "models", "folds"),
)
"""One row per opening of the hold-out: for which models and folds (SHA-256), when, by whose role and why."""

CONSENTS: Final = Table(
    "consents",
    (
        text("patient"),
        text("consent_basis", among=("consent", "opt_out", "waiver")),
        text("opposition_checked", nullable=True, pattern=r"^\d{4}-\d{2}-\d{2}$"),
    ),
    ("patient",),
)
"""One row per patient whose consent basis is not the study's: the hospital's identifier, the basis, and the day on
which a list of oppositions was last checked. Read by the audit alone, under the key."""

WITHDRAWN: Final = Table(
    "withdrawn",
    (
        text("refusal", pattern=r"^[0-9a-f]{64}$"),
        text("key_id", pattern=r"^[0-9a-f]{8}$"),
        text(
            "reason", among=("consent_withdrawn", "objection", "ineligible", "duplicate_identity", "controllers_order")
        ),
        text("role"),
        text("withdrawn_on", pattern=r"^\d{4}-\d{2}-\d{2}$"),
    ),
    ("refusal",),
)
"""One row per patient who left: a keyed refusal code, which is personal data kept so that the patient stays out, and
the id of its key: under another key it would keep nobody out."""

REFUSED: Final = "withdrawn"
"""The code under which files of a patient of that sheet are counted as excluded; none of them has a row of its own."""
