"""One model configuration: backbone, head, augmentation, fit, and what it sees."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from cinemyo.config.base import Count, Frozen, Positive, Share, Slug
from cinemyo.labels import Phase, Scheme, Target


class WeightsFile(Frozen):
    """Local pretrained weights, safetensors."""

    file: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Backbone(Frozen):
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


class Head(Frozen):
    """What follows the concatenated features."""

    pool: Literal["flatten", "average"]
    widths: tuple[Count, ...]
    dropouts: tuple[Annotated[float, Field(ge=0, lt=1)], ...]
    """One dropout per hidden layer, or a single one before a linear head."""


class Augment(Frozen):
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


class Bank(Frozen):
    """Outputs of the frozen blocks, computed once and shared by the folds and epochs of an arm.

    Departs from §2.4: augmentation is drawn so many times per cine, not anew in every epoch.
    """

    draws: Count
    """Augmentation draws per cine; epoch e takes draw e modulo their number."""
    storage: Literal["float32", "float16"]
    """As what the outputs are kept; they are computed as the rest of the fit."""
    budget_gib: Positive
    """The largest size of all files of the bank."""


class Fit(Frozen):
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
    bank: Bank | None = None
    """None computes the frozen blocks in every step."""
    precision: Literal["device", "float32", "bfloat16"] = "device"
    """Of what is multiplied; `device` takes bfloat16 on a GPU and 32 bit on a CPU."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # a fit that uses none of the later choices keeps its digest, and its models their bytes
        later = {"bank": None, "precision": "device"}
        values: dict[str, Any] = handler(self)
        return {key: value for key, value in values.items() if key not in later or value != later[key]}


class Selected(Frozen):
    """By what an arm was chosen among others, and on which patients: figures on these flatter it."""

    by: str
    """The search and its trial, or the sweep and its job."""
    parts: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]
    """Parts of the arm's scheme that trained or validated the candidates."""
    folds: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """SHA-256 of `folds.csv` then."""


class Arm(Frozen):
    """One model configuration evaluated over all folds: one row of a table."""

    target: Target
    phases: tuple[Phase, ...]
    recipe: Slug
    crop_px: Count | None
    """Side of the square around the left ventricle; None takes the whole canvas."""
    scheme: Scheme
    labels: Literal["given", "permuted"] = "given"
    """`permuted` is a control: pathologies permuted between patients, for training and for the truth alike."""
    hidden_radius_px: Count | None = None
    """A control: radius of a disc at the centre of the canvas that is blackened; what is left is background."""
    backbone: Backbone
    head: Head
    augment: Augment
    fit: Fit
    selected_on: Selected | None = None
    """None of an arm that nobody chose by its figures."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # an arm that was not chosen keeps its digest, and its models their bytes
        values: dict[str, Any] = handler(self)
        return {key: value for key, value in values.items() if key != "selected_on" or value is not None}

    @property
    def is_control(self) -> bool:
        """Whether it shows what can be had without the heart: labels permuted, or the heart hidden."""
        return self.labels == "permuted" or self.hidden_radius_px is not None

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.phases or len(set(self.phases)) != len(self.phases):
            raise ValueError(f"phases must name each phase once, got {list(self.phases)}")
        if self.target == "view" and self.augment.flip:
            raise ValueError("flip changes the label of a view arm: set augment.flip to false")
        if self.labels == "permuted" and self.target != "pathology":
            raise ValueError("labels permuted is a control of target pathology")
        if self.hidden_radius_px is not None and self.crop_px is not None:
            raise ValueError("hidden_radius_px hides the middle of the whole canvas: set crop_px to null")
        if self.fit.select != "last" and self.scheme != "honest":
            raise ValueError(f"scheme {self.scheme} selects nothing: set fit.select to last")
        return self
