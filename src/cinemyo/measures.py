"""Tables of what is measured on trained models: heat, leakage, robustness."""

from typing import Final

from cinemyo.labels import CLASSES, PATHOLOGIES, Target
from cinemyo.schema import Table, integer, share, text
from cinemyo.tables import ID

_CINE = text("cine_id", pattern=ID)

LEAKAGE: Final = Table(
    "leakage",
    (
        integer("partition", low=0),
        text("split", among=("by_patient", "by_input")),
        text("variant", among=("all", "thinned", "permuted")),
        text("input", among=("diastole", "systole", "dual")),
        _CINE,
        text("patient_id", pattern=ID),
        integer("patient_cines", low=1),
        text("truth", among=PATHOLOGIES),
        text("predicted", among=PATHOLOGIES),
    ),
    ("partition", "split", "variant", "input", "cine_id"),
)
"""One row per answered cine, partition, split and input. `patient_cines` counts the patient's cines in this variant;
`thinned` draws one to six of them with the paper's shares; `permuted` permutes pathologies between patients."""

PREPARATIONS: Final = (
    "as_is",
    "centre_up",
    "centre_down",
    "centre_left",
    "centre_right",
    "frame_before",
    "frame_after",
    "window_narrower",
    "window_wider",
    "turned_left",
    "turned_right",
)


def robustness(target: Target) -> Table:
    """Answers of an arm to test cines whose preparation was put off: a row per cine and preparation."""
    classes = CLASSES[target]
    columns = (_CINE, integer("fold", low=0), text("preparation", among=PREPARATIONS), text("truth", among=classes))
    shares = tuple(share(f"p_{name}") for name in classes)
    return Table("robustness", columns + shares, ("cine_id", "preparation"))
