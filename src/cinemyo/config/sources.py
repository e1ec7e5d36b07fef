"""Where images come from, and how they are located, prepared and split."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from cinemyo.config.base import Count, Frozen, Positive, Share
from cinemyo.labels import Pathology

Display = Literal["stored", "patient"]
"""How slices are turned: as the file has them, or as a scanner shows a patient, by their orientation."""


class PhantomCohort(Frozen):
    """A cohort of synthetic beating hearts to generate."""

    patients: Count
    seed: int
    phases: Annotated[int, Field(ge=8, le=60)]
    matrix: Annotated[int, Field(ge=64, le=512)]
    """Rows and columns of the native images."""
    field_of_view_mm: Positive
    max_cines: Annotated[int, Field(ge=1, le=6)]
    confound: Literal["none", "strong"] = "none"
    """`strong` adds a mark that tells the pathology, at least 30 mm outside the heart."""


class SliceRule(Frozen):
    """Which short-axis slices of a stack count, as shares of its height counted from the first slice."""

    first: Share
    last: Share


class DicomSource(Frozen):
    """A folder of DICOM files, in any layout."""

    kind: Literal["dicom"]
    root: str
    labels: str
    """The label sheet."""
    key: Literal["published", "file", "random_table"]
    """`published` is for phantoms alone; people's images need CINEMYO_KEY_FILE. `random_table` draws the pseudonyms and
    keeps them in an encrypted crosswalk beside that file, where `file` makes them by a keyed hash."""
    truth: str | None = None
    """A folder with masks named by series; the root itself, or none, where there are none."""
    min_phases: Count
    max_phases: Count


class Grouped(Frozen):
    """A public release whose sheet names a group for each patient; its identifiers are public, and so is its key."""

    root: str
    labels: str
    truth: str | None = None
    """Where the masks lie: beside the images."""
    slices: SliceRule
    groups: dict[str, Pathology]
    """The release's group to pathology; groups that are named nowhere are excluded by name."""
    out_of_class: tuple[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ ]*$")], ...] = ()
    """Groups that are ingested without a pathology: what a model says of what it does not know."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        both = sorted(set(self.groups) & set(self.out_of_class))
        if both:
            raise ValueError(f"out_of_class must name groups that have no pathology, got {both[0]}")
        return self


class AcdcSource(Grouped):
    """The official folders of the ACDC release (Bernard 2018)."""

    kind: Literal["acdc"]


class MnmsSource(Grouped):
    """The folders and the sheet of the M&Ms release (Campello 2021)."""

    kind: Literal["mnms"]
    display: Display = "stored"


class Mnms2Source(Grouped):
    """The folders and the sheet of the M&Ms-2 release (Martin-Isla 2023): short axis and four-chamber view."""

    kind: Literal["mnms2"]
    display: Display = "stored"


class SunnybrookSource(Grouped):
    """The DICOM, the sheet and the contours of the Sunnybrook data (Radau 2009)."""

    kind: Literal["sunnybrook"]
    min_phases: Count = 8
    max_phases: Count = 60


class NiftiSource(Frozen):
    """A folder of NIfTI files, each a cine stack over time."""

    kind: Literal["nifti"]
    root: str
    labels: str
    """The label sheet: patient, exam and series as the files' names tell them."""
    key: Literal["published", "file", "random_table"]
    """People's images need CINEMYO_KEY_FILE, as those of a DICOM source."""
    truth: str | None = None
    """Where the masks lie: beside the images."""
    slices: SliceRule
    min_phases: Count
    max_phases: Count
    patient_from: Literal["name", "folder"]
    """`name`: sub-XX at the beginning of a name, else the whole name; `folder`: the first folder under the root."""
    third_axis: Literal["slices", "frames"]
    """What the third axis of a file of three dimensions is."""
    mask_code: Literal["acdc", "mnms"]
    """acdc: 1 is the right ventricle and 3 the left; mnms: 1 the left and 3 the right."""
    display: Display


Source = Annotated[
    DicomSource | AcdcSource | MnmsSource | Mnms2Source | SunnybrookSource | NiftiSource,
    Field(discriminator="kind"),
]

ONE_VIEW: Final = ("acdc", "mnms", "sunnybrook")
"""Kinds of source that hold short axes alone."""


class Locate(Frozen):
    """How the left ventricle, the gray window and the two phases are found without training data."""

    smoothing_mm: Positive
    prior_mm: Positive
    """Standard deviation of the prior that the heart is near the centre of the image."""
    stack_smoothing_mm: Positive
    window_radius_mm: Positive
    window_percentile: Annotated[float, Field(gt=50, le=100)]
    review_confidence: Share
    """Below this confidence a person should look."""


class Recipe(Frozen):
    """How canvases are made."""

    pixel_mm: Positive | None
    """None keeps the native pixels."""
    canvas_px: Count
    window: Literal["heart", "full_range"]


class Split(Frozen):
    """Folds and hold-out."""

    protocol: Literal["honest", "paper"]
    folds: Annotated[int, Field(ge=3)]
    holdout_share: Annotated[float, Field(ge=0, lt=0.5)]
    links: str | None
    """A sheet (patient, same_person_as) that resolves one person under two numbers."""
