"""Figures as the paper prints them (Germain 2021, doi:10.3390/diagnostics11091554), to stand beside ours.

They do not all agree with each other: the matrices have their own sums, and 160 px has three accuracies.
"""

from typing import Final, NamedTuple

from cinemyo.config import Arm
from cinemyo.labels import Phase, Target

BACKBONE: Final = "vgg16"
"""All printed figures are VGG16's."""
INPUT: Final = "160 px"
"""Input of Tables 2 and 3."""
SCHEME: Final = "six folds by input"

DIASTOLE: Final[frozenset[Phase]] = frozenset({"diastole"})
SYSTOLE: Final[frozenset[Phase]] = frozenset({"systole"})
DUAL: Final[frozenset[Phase]] = frozenset({"diastole", "systole"})

Matrix = tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int]]


class Accuracy(NamedTuple):
    """Mean and standard deviation as printed, and the p printed beside them."""

    mean: float
    sd: float
    p: str


TABLE_2: Final[dict[tuple[Target, frozenset[Phase]], Accuracy]] = {
    ("view", DIASTOLE): Accuracy(0.999, 0.002, "ns"),
    ("view", SYSTOLE): Accuracy(0.998, 0.002, "ns"),
    ("view", DUAL): Accuracy(0.999, 0.002, ""),
    ("pathology", DIASTOLE): Accuracy(0.961, 0.011, "0.016"),
    ("pathology", SYSTOLE): Accuracy(0.952, 0.012, "0.0092"),
    ("pathology", DUAL): Accuracy(0.982, 0.009, ""),
}
"""Validation accuracy over six folds."""

TABLE_3: Final[dict[frozenset[Phase], Matrix]] = {
    DIASTOLE: ((369, 4, 21), (9, 396, 6), (6, 1, 388)),
    SYSTOLE: ((359, 26, 10), (14, 394, 3), (1, 0, 393)),
    DUAL: ((390, 3, 2), (9, 400, 2), (4, 0, 388)),
}
"""Confusion matrices of the pathology summed over folds, rows = truth, in the order normal, HCM, DCM."""

TABLE_4: Final[dict[str, Accuracy]] = {
    "128 px": Accuracy(0.954, 0.011, "ns"),
    "160 px": Accuracy(0.959, 0.009, ""),
    "256 px": Accuracy(0.921, 0.008, "0.0001"),
    "raw": Accuracy(0.915, 0.007, "0.0001"),
}
"""Systole alone, by input: mean and standard deviation over the last ten of 100 epochs."""


class Printed(NamedTuple):
    """A line of Table 1 as printed: normal, HCM, DCM, and the p beside them."""

    normal: str
    hcm: str
    dcm: str
    p: str


TABLE_1: Final[dict[str, Printed]] = {
    "patients": Printed("209", "175", "150", ""),
    "cines": Printed("395", "411", "394", ""),
    "sex": Printed("148 F, 247 M", "112 F, 299 M", "103 F, 291 M", "0.0007"),
    "age": Printed("45.6 ± 15.8", "52.5 ± 17.8", "56.4 ± 14.3", "0.01"),
    "systolic time": Printed("329 ± 35", "346 ± 39", "337 ± 29", "0.001"),
    "vla_left": Printed("39", "39", "66", "<0.0001"),
    "vla_right": Printed("106", "49", "50", "<0.0001"),
    "four_chamber": Printed("132", "143", "142", "<0.0001"),
    "short_axis": Printed("118", "180", "136", "<0.0001"),
}
"""The cohort, counted by input also where it is the patient's; its p of the age contradicts its own means and SDs."""

HOLDOUT: Final[dict[frozenset[Phase], tuple[int, int]]] = {DIASTOLE: (12, 240), SYSTOLE: (12, 240), DUAL: (4, 240)}
"""Errors and inputs of the 20 % that the double split holds out (§3.4)."""


def accuracy_of(arm: Arm, *, input_name: str) -> Accuracy | None:
    """The line of Table 2 of such an arm; none for another backbone, another input, or a control."""
    if arm.backbone.name != BACKBONE or input_name != INPUT or arm.labels != "given":
        return None
    return TABLE_2.get((arm.target, frozenset[Phase](arm.phases)))


def matrix_of(arm: Arm, *, input_name: str) -> Matrix | None:
    """The matrix of Table 3 of such an arm; none where the paper prints none."""
    if arm.target != "pathology" or accuracy_of(arm, input_name=input_name) is None:
        return None
    return TABLE_3[frozenset[Phase](arm.phases)]
