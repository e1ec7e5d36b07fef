"""What a search may vary: typed domains over the fields of an arm by dotted key, and the arm of a point."""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from cinemyo import config
from cinemyo.config import Arm, Params
from cinemyo.config.base import Count, Frozen, Share, Slug
from cinemyo.errors import ConfigError

Objective = Literal["accuracy", "nll", "brier", "ece", "gflops"]
Scale = Literal["linear", "log"]
Value = str | int | float
"""As Optuna keeps it: a number, or the label of a choice."""

FIXED: Final = frozenset({"target", "scheme", "labels", "hidden_radius_px", "selected_on"})
"""Fields that say what is asked: trials that differ in them cannot be compared."""
ARM: Final = "tune"
"""The name under which the arm of a search is checked."""
_REMEDY: Final = "correct it in conf/search"


class Integers(Frozen):
    """Whole numbers from `low` to `high`, both included."""

    kind: Literal["int"]
    low: int
    high: int
    step: Count = 1
    scale: Scale = "linear"

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        _check_range(self.low, self.high, scale=self.scale)
        if self.scale == "log" and self.step != 1:
            raise ValueError(f"step must be 1 on a log scale, got {self.step}")
        return self

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values whose acceptance stands for that of all."""
        return self.low, self.high


class Reals(Frozen):
    """Numbers from `low` to `high`."""

    kind: Literal["float"]
    low: float
    high: float
    scale: Scale = "linear"

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        _check_range(self.low, self.high, scale=self.scale)
        return self

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values whose acceptance stands for that of all."""
        return self.low, self.high


class Choices(Frozen):
    """Values without order: a list, or values under labels such as the names of files in `conf/backbone/`."""

    kind: Literal["categorical"]
    choices: Annotated[tuple[Any, ...] | dict[str, Any], Field(min_length=2)]

    @property
    def labelled(self) -> dict[str, Any]:
        """Values by label; a value of a list is labelled by itself."""
        if isinstance(self.choices, Mapping):
            return dict(self.choices)
        return {value if isinstance(value, str) else json.dumps(value): value for value in self.choices}

    @property
    def ends(self) -> tuple[Any, ...]:
        """Values whose acceptance stands for that of all: here each of them."""
        return tuple(self.labelled.values())


Domain = Annotated[Integers | Reals | Choices, Field(discriminator="kind")]


class Pruning(Frozen):
    """When a trial ends early: see `pruning.doomed`."""

    peers: Count
    """Finished trials of no higher cost that a judgement needs."""
    warm_up: Share
    """Share of the first fold's epochs that passes unjudged."""


class Search(Frozen):
    """A search: what varies, what is wanted, how long, and what it must not see."""

    name: Slug
    space: Annotated[dict[str, Domain], Field(min_length=1)]
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)]
    """The first one ranks and prunes; an epoch tells no other than accuracy and nll."""
    trials: Count
    sampler: Literal["tpe", "random"]
    startup: Count
    """Points drawn at random before the sampler has something to go by."""
    pruning: Pruning | None
    reserved_part: Annotated[int, Field(ge=0)]
    """The part of the split that the search never reads, beside the hold-out."""
    folds: Count | None
    """Inner validation folds; None takes every part that is not reserved."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(set(self.objectives)) != len(self.objectives):
            raise ValueError(f"objectives must differ, got {list(self.objectives)}")
        if self.objectives[0] not in ("accuracy", "nll"):
            raise ValueError(f"the first objective must be accuracy or nll, got {self.objectives[0]}")
        return self


def _check_range(low: float, high: float, *, scale: Scale) -> None:
    if low >= high:
        raise ValueError(f"low must be below high, got {low} and {high}")
    if scale == "log" and low <= 0:
        raise ValueError(f"low must be above 0 on a log scale, got {low}")


def parse_search(values: object, *, base: Arm, params: Params) -> Search:
    """The search of a mapping as YAML gives it, every end and choice of which the models of an arm accept.

    Raises:
        ConfigError: a key that nothing reads, with the nearest that is read; a value that an arm cannot have.
    """
    try:
        search = Search.model_validate(values)
    except ValidationError as error:
        raise _refused(error) from None
    if base.scheme != "honest" or base.is_control:
        got = f"scheme {base.scheme}" if base.scheme != "honest" else "a control"
        remedy = "tune an arm that is to be reported: the schemes of the paper select nothing"
        raise ConfigError("search", expected="an arm of scheme honest, no control", got=got, remedy=remedy)
    _refuse_keys(search.space, base=base)
    for key, domain in search.space.items():
        for value in domain.ends:
            _refuse_value(key, value, base=base, params=params)
    return search


def arm_of(base: Arm, *, search: Search, point: Mapping[str, Value]) -> Arm:
    """The base arm with the values of a point.

    Raises:
        ConfigError: the values do not go together.
    """
    try:
        return Arm.model_validate(_changed(base, values_of(search, point=point)))
    except ValidationError as error:
        got = ", ".join(f"{key}={value}" for key, value in point.items())
        wanted = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"search {search.name}", expected=wanted, got=got, remedy="narrow conf/search") from None


def values_of(search: Search, *, point: Mapping[str, Value]) -> dict[str, Any]:
    """The values of an arm that the labels of a point stand for, by dotted key."""
    domains = search.space
    return {
        key: domains[key].labelled[str(value)] if isinstance(domains[key], Choices) else value  # type: ignore[union-attr]
        for key, value in point.items()
    }


def _changed(base: Arm, changes: Mapping[str, Any]) -> dict[str, Any]:
    values = base.model_dump(mode="json")
    for key, value in changes.items():
        *groups, name = key.split(".")
        place = values
        for group in groups:
            place = place[group]
        place[name] = value
    return values


def _refuse_keys(space: Mapping[str, Any], *, base: Arm) -> None:
    # a dump leaves out what an arm does not use, and holds what is free, such as the options of a network
    groups = {"backbone": base.backbone, "head": base.head, "augment": base.augment, "fit": base.fit}
    fields = [f"{name}.{field}" for name, group in groups.items() for field in type(group).model_fields]
    dumped = _keys(base.model_dump(mode="json"))
    known = [key for key in [*dumped, *fields] if key.split(".")[0] not in FIXED]
    for key in space:
        if key not in known:
            raise ConfigError(
                f"search.space: {key}", expected="a field of the arm", got=_unknown(key, known), remedy=_REMEDY
            )
        inside = [other for other in space if other.startswith(f"{key}.")]
        if inside:
            remedy = "vary the group or its fields, not both"
            raise ConfigError(f"search.space: {key}", expected="keys apart", got=f"{inside[0]} too", remedy=remedy)


def _keys(values: Mapping[str, Any], *, prefix: str = "") -> list[str]:
    found = []
    for key, value in values.items():
        found.append(prefix + key)
        found += _keys(value, prefix=f"{prefix}{key}.") if isinstance(value, Mapping) else []
    return found


def _unknown(key: str, known: Sequence[str]) -> str:
    if key.split(".")[0] in FIXED:
        return "one that says what is asked, which a search cannot vary"
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"one that nothing reads (near: {near[0]})" if near else "one that nothing reads"


def _refuse_value(key: str, value: object, *, base: Arm, params: Params) -> None:
    changed = _changed(base, {key: value})
    shared = params.model_dump(mode="json", exclude={"arms", "external"})
    shared["study"]["primary"] = ARM
    own = {**shared, "external": {"sources": {}, "arms": []}, "arms": {ARM: changed}}
    try:
        parsed = config.parse(own, where="search").arms[ARM]
    except ConfigError as error:
        where = f"search.space: {key}"
        raise ConfigError(where, expected=error.expected, got=repr(value), remedy=_REMEDY) from None
    if isinstance(value, float) and isinstance(_value(parsed, key), int):
        raise ConfigError(f"search.space: {key}", expected="kind int", got="kind float", remedy=_REMEDY)


def _value(arm: Arm, key: str) -> object:
    place: Any = arm
    for name in key.split("."):
        place = place[name] if isinstance(place, Mapping) else getattr(place, name)
    return place


def _refused(error: ValidationError) -> ConfigError:
    # a misspelt key is missing under its right name too: the slip is told, not its consequence
    first = next((item for item in error.errors() if item["type"] == "extra_forbidden"), error.errors()[0])
    place = [str(part) for part in first["loc"]]
    # pydantic puts the kind of a domain into its place
    shown = place[:2] + place[3:] if place[:1] == ["space"] else place
    where = "search" + (f": {'.'.join(shown)}" if shown else "")
    if first["type"] != "extra_forbidden":
        expected = first["msg"].removeprefix("Value error, ").lower()[:200]
        return ConfigError(where, expected=expected, got=repr(first["input"])[:120], remedy=_REMEDY)
    return ConfigError(where, expected="a key of a search", got=_unknown(place[-1], _siblings(place)), remedy=_REMEDY)


def _siblings(place: Sequence[str]) -> list[str]:
    """Keys that may stand where an unknown one was found."""
    models: dict[str, type[Frozen]] = {"int": Integers, "float": Reals, "categorical": Choices, "pruning": Pruning}
    model = next((models[part] for part in reversed(place[:-1]) if part in models), Search)
    return list(model.model_fields)
