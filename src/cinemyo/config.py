"""Typed, frozen view of `params.yaml`; an unknown or misspelt key is refused with its place."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cinemyo.errors import ConfigError
from cinemyo.labels import Pathology, Phase, Scheme, Target

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Study(_Frozen):
    """What a study is called and what its reports must say."""

    name: Slug
    title: str
    synthetic: bool
    """True: the images are phantoms, and every number says so."""
    notice: str = ""
    """A sentence printed beside every result, such as the standing of the weights."""
    citation: str = ""


class PhantomCohort(_Frozen):
    """A cohort of synthetic beating hearts to generate."""

    patients: Count
    seed: int
    phases: Annotated[int, Field(ge=8, le=60)]
    matrix: Annotated[int, Field(ge=64, le=512)]
    """Rows and columns of the native images."""
    field_of_view_mm: Positive
    max_cines: Annotated[int, Field(ge=1, le=6)]


class SliceRule(_Frozen):
    """Which short-axis slices of a stack count, as shares of its height counted from the first slice."""

    first: Share
    last: Share


class DicomSource(_Frozen):
    """A folder of DICOM files, in any layout."""

    kind: Literal["dicom"]
    root: str
    labels: str
    """The label sheet."""
    key: Literal["published", "file"]
    """`published` is for phantoms alone; people's images need CINEMYO_KEY_FILE."""
    truth: str | None = None
    """A folder with masks named by series; the root itself, or none, where there are none."""
    min_phases: Count
    max_phases: Count


class AcdcSource(_Frozen):
    """The official folders of the ACDC release (Bernard 2018)."""

    kind: Literal["acdc"]
    root: str
    labels: str
    truth: str | None = None
    """Where the masks lie: beside the images."""
    slices: SliceRule
    groups: dict[str, Pathology]
    """Info.cfg's Group to pathology; other groups are excluded by name."""


Source = Annotated[DicomSource | AcdcSource, Field(discriminator="kind")]


class Locate(_Frozen):
    """How the left ventricle, the gray window and the two phases are found without training data."""

    smoothing_mm: Positive
    prior_mm: Positive
    """Standard deviation of the prior that the heart is near the centre of the image."""
    stack_smoothing_mm: Positive
    window_radius_mm: Positive
    window_percentile: Annotated[float, Field(gt=50, le=100)]
    review_confidence: Share
    """Below this confidence a person should look."""


class Recipe(_Frozen):
    """How canvases are made."""

    pixel_mm: Positive | None
    """None keeps the native pixels."""
    canvas_px: Count
    window: Literal["heart", "full_range"]


class Split(_Frozen):
    """Folds and hold-out."""

    protocol: Literal["honest", "paper"]
    folds: Annotated[int, Field(ge=3)]
    holdout_share: Annotated[float, Field(ge=0, lt=0.5)]
    links: str | None
    """A sheet (patient, same_person_as) that resolves one person under two numbers."""


class WeightsFile(_Frozen):
    """Local pretrained weights, safetensors."""

    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Backbone(_Frozen):
    """A timm network as data."""

    name: str
    weights: Literal["imagenet", "none"] | WeightsFile
    train_from: str
    """First trainable block (a name of `feature blocks`); `all` or `nothing` (frozen features)."""
    cam_layer: str
    """Last layer with a spatial grid, for Grad-CAM."""
    options: dict[str, Any]
    """Keyword arguments for timm."""
    mean: Share | None
    std: Positive | None
    """Input scaling; None takes the weights' own."""


class Head(_Frozen):
    """What follows the concatenated features."""

    pool: Literal["flatten", "average"]
    widths: tuple[Count, ...]
    dropouts: tuple[Annotated[float, Field(ge=0, lt=1)], ...]
    """One dropout per hidden layer, or a single one before a linear head."""


class Augment(_Frozen):
    """Training-time draws; the same for all phases of a cine."""

    zoom: Share
    rotation_degrees: Annotated[float, Field(ge=0, le=180)]
    shift: Share
    """Of the side, each way, rows and columns."""
    flip: bool
    """Horizontal; refused for the view target, where it changes the label."""
    gain: Share
    """Of the intensity, each way."""
    fill: Literal["border", "zeros"]


class Fit(_Frozen):
    """Optimiser and schedule."""

    epochs: Count
    batch_size: Count
    optimiser: Literal["sgd", "adamw"]
    learning_rate: Positive
    momentum: Annotated[float, Field(ge=0, lt=1)]
    weight_decay: Annotated[float, Field(ge=0)]
    schedule: Literal["constant", "cosine", "one_cycle"]
    select: Literal["last", "best_validation"]
    """`best_validation` keeps the epoch with the lowest loss on the inner validation part."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)]


class Arm(_Frozen):
    """One model configuration evaluated over all folds: one row of a table."""

    target: Target
    phases: tuple[Phase, ...]
    recipe: Slug
    crop_px: Count | None
    """Side of the square around the left ventricle; None takes the whole canvas."""
    scheme: Scheme
    backbone: Backbone
    head: Head
    augment: Augment
    fit: Fit

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.phases or len(set(self.phases)) != len(self.phases):
            raise ValueError(f"phases must name each phase once, got {list(self.phases)}")
        if self.target == "view" and self.augment.flip:
            raise ValueError("flip changes the label of a view arm: set augment.flip to false")
        if self.scheme == "paper_holdout":
            raise ValueError("scheme paper_holdout has no folds: it accompanies the arms of scheme paper")
        if self.fit.select != "last" and self.scheme != "honest":
            raise ValueError(f"scheme {self.scheme} selects nothing: set fit.select to last")
        return self


class Evaluate(_Frozen):
    """Intervals."""

    bootstrap: Annotated[int, Field(ge=100)]
    level: Annotated[float, Field(gt=0.5, lt=1)]


class Explain(_Frozen):
    """Which heat maps are drawn; all of them are measured."""

    correct_drawn: Annotated[int, Field(ge=0)]
    """Correct cines drawn per arm, beside every misclassified one."""
    too_coarse_mm: Positive
    lv_radius_mm: Positive
    """Radius of the disc that stands for the left ventricle where no mask exists."""
    heart_radius_mm: Positive


class Params(_Frozen):
    """The whole of `params.yaml`."""

    seed: int
    study: Study
    phantoms: dict[Slug, PhantomCohort]
    source: Source
    locate: Locate
    recipes: dict[Slug, Recipe]
    split: Split
    arms: dict[Slug, Arm]
    evaluate: Evaluate
    explain: Explain

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for name, arm in self.arms.items():
            if arm.recipe not in self.recipes:
                raise ValueError(f"arms.{name}.recipe must be one of {sorted(self.recipes)}, got {arm.recipe!r}")
            if (arm.scheme == "honest") != (self.split.protocol == "honest") and arm.scheme != "paper_by_input":
                raise ValueError(f"arms.{name}.scheme must fit split.protocol {self.split.protocol}, got {arm.scheme}")
            if arm.target == "view" and self.source.kind == "acdc":
                raise ValueError(f"arms.{name}.target cannot be view: the acdc source has one view only")
            canvas = self.recipes[arm.recipe].canvas_px
            if arm.crop_px is not None and arm.crop_px > canvas:
                raise ValueError(f"arms.{name}.crop_px must be at most the canvas of {canvas}, got {arm.crop_px}")
        if self.source.kind == "dicom" and self.source.key == "published" and not self.study.synthetic:
            raise ValueError("source.key published is for synthetic studies: set source.key to file")
        return self


def load(path: Path = Path("params.yaml")) -> Params:
    """The parameters of the study.

    Raises:
        ConfigError: the file is absent, not YAML, or holds a key or value that the models do not know.
    """
    if not path.is_file():
        raise ConfigError(str(path), expected="the composed parameters", got="no file", remedy="run `make params`")
    return parse(yaml.safe_load(path.read_text(encoding="utf-8")), where=str(path))


def parse(values: object, *, where: str) -> Params:
    """Parameters from a mapping as YAML gives it.

    Raises:
        ConfigError: naming the first offending key, what was expected there, and what came.
    """
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        first, count = error.errors()[0], error.error_count()
        key = ".".join(str(part) for part in first["loc"]) or "params"
        more = f" (and {count - 1} more)" if count > 1 else ""
        got = "a key that nothing reads" if first["type"] == "extra_forbidden" else repr(first["input"])[:120]
        raise ConfigError(
            f"{where}: {key}",
            expected=first["msg"].removeprefix("Value error, ").lower()[:200],
            got=got + more,
            remedy="correct it in conf/ and run `make params`",
        ) from None
