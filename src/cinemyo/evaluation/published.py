"""Figures as the paper prints them (Germain 2021, doi:10.3390/diagnostics11091554), to stand beside ours.

They do not all agree with each other: the matrices have their own sums, and 160 px has three accuracies.
"""

from typing import Final, NamedTuple

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
