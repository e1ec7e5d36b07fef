"""Typed, frozen view of `params.yaml`; an unknown or misspelt key is refused with its place."""

from pathlib import Path
from typing import Self

import yaml
from pydantic import ValidationError, model_validator

from cinemyo.config.arms import Arm, Augment, Backbone, Bank, Fit, Head, Selected, WeightsFile
from cinemyo.config.base import Frozen, Slug
from cinemyo.config.oversight import Oversight
from cinemyo.config.results import Evaluate, Explain, External, Leakage, Margin, Robustness, Sheets, Study
from cinemyo.config.sources import (
    ONE_VIEW,
    AcdcSource,
    DicomSource,
    Display,
    Grouped,
    Locate,
    Mnms2Source,
    MnmsSource,
    NiftiSource,
    PhantomCohort,
    Recipe,
    SliceRule,
    Source,
    Split,
    SunnybrookSource,
)
from cinemyo.errors import ConfigError

__all__ = [
    "ONE_VIEW",
    "AcdcSource",
    "Arm",
    "Augment",
    "Backbone",
    "Bank",
    "DicomSource",
    "Display",
    "Evaluate",
    "Explain",
    "External",
    "Fit",
    "Grouped",
    "Head",
    "Leakage",
    "Locate",
    "Margin",
    "Mnms2Source",
    "MnmsSource",
    "NiftiSource",
    "Oversight",
    "Params",
    "PhantomCohort",
    "Recipe",
    "Robustness",
    "Selected",
    "Sheets",
    "SliceRule",
    "Source",
    "Split",
    "Study",
    "SunnybrookSource",
    "WeightsFile",
    "load",
    "parse",
]


class Params(Frozen):
    """The whole of `params.yaml`."""

    seed: int
    study: Study
    phantoms: dict[Slug, PhantomCohort]
    source: Source
    external: External
    locate: Locate
    recipes: dict[Slug, Recipe]
    split: Split
    arms: dict[Slug, Arm]
    leakage: Leakage
    robustness: Robustness
    evaluate: Evaluate
    explain: Explain
    sheets: Sheets
    oversight: Oversight

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for name, arm in self.arms.items():
            if arm.recipe not in self.recipes:
                raise ValueError(f"arms.{name}.recipe must be one of {sorted(self.recipes)}, got {arm.recipe!r}")
            if (arm.scheme == "honest") != (self.split.protocol == "honest") and arm.scheme != "paper_by_input":
                raise ValueError(f"arms.{name}.scheme must fit split.protocol {self.split.protocol}, got {arm.scheme}")
            if arm.target == "view" and self.source.kind in ONE_VIEW:
                raise ValueError(f"arms.{name}.target cannot be view: the {self.source.kind} source has one view only")
            canvas = self.recipes[arm.recipe].canvas_px
            if arm.crop_px is not None and arm.crop_px > canvas:
                raise ValueError(f"arms.{name}.crop_px must be at most the canvas of {canvas}, got {arm.crop_px}")
            if arm.hidden_radius_px is not None and arm.hidden_radius_px >= canvas / 2:
                got = arm.hidden_radius_px
                raise ValueError(f"arms.{name}.hidden_radius_px must be below half the canvas of {canvas}, got {got}")
        for where, names in (("study.primary", (self.study.primary,)), ("external.arms", self.external.arms)):
            unknown = [name for name in names if name not in self.arms]
            if unknown and self.arms:
                raise ValueError(f"{where} must be among the arms {sorted(self.arms)}, got {unknown[0]!r}")
        if self.external.arms and not self.external.sources:
            raise ValueError("external.arms must be empty without a cohort in external.sources")
        if self.external.sources and self.external.folder != f"data/{self.study.name}/external":
            raise ValueError(f"external.folder must be data/{self.study.name}/external, got {self.external.folder}")
        if self.recipes and self.leakage.recipe not in self.recipes:
            raise ValueError(f"leakage.recipe must be one of {sorted(self.recipes)}, got {self.leakage.recipe!r}")
        self._check_keys()
        basis = self.oversight.consent_basis
        if self.study.synthetic != (basis == "synthetic"):
            said = f"study.synthetic is {str(self.study.synthetic).lower()}"
            raise ValueError(
                f"oversight.consent_basis must be synthetic for phantoms and for them alone: {said}, got {basis}"
            )
        return self

    def _check_keys(self) -> None:
        released = isinstance(self.source, Grouped)
        own = "published" if isinstance(self.source, Grouped) else self.source.key
        if not released and own == "published" and not self.study.synthetic:
            raise ValueError("source.key published is for synthetic studies: set source.key to file")
        for name, source in self.external.sources.items():
            if isinstance(source, Grouped):
                continue
            if source.key != own:
                needs = f"external.sources.{name}.key must be that of the study's source, {own}"
                raise ValueError(f"{needs}: one person has one pseudonym in both; got {source.key}")
            if own == "published" and not self.study.synthetic:
                raise ValueError(
                    f"external.sources.{name} holds people: a study under the published key cannot answer it"
                )


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
