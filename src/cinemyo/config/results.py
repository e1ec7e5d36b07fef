"""What a study says of itself, and how its predictions are evaluated, explained and tried."""

from typing import Annotated, Literal

from pydantic import Field

from cinemyo.config.arms import Backbone
from cinemyo.config.base import Count, Frozen, Positive, Share, Slug
from cinemyo.config.sources import Source
from cinemyo.labels import Pathology

Sentence = Annotated[str, Field(min_length=10)]


class Margin(Frozen):
    """The largest difference in accuracy by patient that would not matter, fixed before any fit."""

    value: Annotated[float, Field(gt=0, lt=0.5)]
    reason: Sentence


class Study(Frozen):
    """What a study is called and what its reports must say."""

    name: Slug
    title: str
    synthetic: bool
    """True: the images are phantoms, and every number says so."""
    notice: str = ""
    """A sentence printed beside every result, such as the standing of the weights."""
    citation: str = ""
    primary: Slug
    """The arm, named before any fit, whose figures stand first in the report."""
    intended_use: str = ""
    reference_standard: str = ""
    eligibility: str = ""
    margin: Margin | None = None
    """Equivalence and non-inferiority are claimed with a margin alone."""


class Evaluate(Frozen):
    """Intervals, and below which numbers nothing is claimed."""

    bootstrap: Annotated[int, Field(ge=100)]
    level: Annotated[float, Field(gt=0.5, lt=1)]
    prevalences: dict[Slug, dict[Pathology, Share]]
    """By the name of a setting: shares of the classes, for predictive values."""
    confident: Share
    """Probability of the favoured class from which an answer counts as given with confidence."""
    subgroup_patients: Count
    """Below so many patients a subgroup is shown and not tested."""
    calibration_patients: Count
    """Below so many patients nothing is claimed of the calibration."""
    bin_patients: Count
    """Patients in a bin of the calibration error, at least."""
    half_width: Annotated[float, Field(gt=0, lt=0.5)]
    """Half the width of an interval of the accuracy by patient that one would like to reach."""
    reference: Literal["labeller", "consensus", "independent"]
    """Whom readers are compared with: the label, the majority of all readers, or of the others."""


class Explain(Frozen):
    """Which heat maps are drawn; all of them are measured."""

    correct_drawn: Annotated[int, Field(ge=0)]
    """Correct cines drawn per arm, beside every misclassified one."""
    too_coarse_mm: Positive
    """Maps whose cells are wider get no verdict."""
    lv_radius_mm: Positive
    """Radius of the disc that stands for the left ventricle where no mask exists."""
    heart_radius_mm: Positive
    gaussian_mm: Positive
    """Standard deviation of the centred Gaussian that maps are compared with."""
    margin_mm: Annotated[float, Field(ge=0)]
    """How far around the heart what is exchanged reaches undiminished."""
    edge_mm: Positive
    """Over how many mm an exchange then fades."""
    donors: Count
    """Cines of each class that heart or background is taken from."""
    hot: Share
    """Heat of the hottest place in the heart, as a share of the peak, from which the heat counts as the heart's."""
    decisive: Share
    """Difference of probability, heart kept less background kept, from which an exchange decides."""


class Leakage(Frozen):
    """The price of leakage: frozen features with a linear head, over several partitions by patient and by input."""

    features: Backbone | Literal["pixels"]
    """A frozen network or, where no pretrained weights are at hand, gray values of a shrunken crop."""
    recipe: Slug
    crop_px: Count | None
    partitions: Annotated[int, Field(ge=5)]
    logit_sd: Positive
    """Prior standard deviation of a logit, however many features add up to it: the penalty of the linear head."""


class Robustness(Frozen):
    """How far a preparation is put off, to see which answers flip."""

    centre_mm: Positive
    frames: Count
    window_share: Annotated[float, Field(gt=0, lt=1)]
    rotation_degrees: Annotated[float, Field(gt=0, le=180)]


class External(Frozen):
    """A supplementary cohort that no fold has seen, and the arms that answer it."""

    sources: Annotated[dict[Slug, Source], Field(max_length=1)]
    """One source under the name of the cohort; none for a study without."""
    arms: tuple[Slug, ...]
    folder: str = "conf/sheets/no_labels.csv"
    """What the results depend on: `data/<study>/external` or, without such a cohort, a file that never changes."""


class Sheets(Frozen):
    """Files that people write beside the label sheet; header lines alone where there is nothing to say."""

    readers: str
    """Opinions of readers, a row per cine, reader and reading."""
    corrections: str
    """Labels corrected after unblinding, a row per cine."""
    openings: str
    """Openings of the hold-out, a row per arm and opening; tracked by git."""
