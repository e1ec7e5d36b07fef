"""A search space: what it accepts, and that a slip is named with the nearest right name."""

from typing import Any

import pytest

from cinemyo.errors import ConfigError
from cinemyo.tuning.space import Search, arm_of, parse_search
from tests.tuning import tiny

RATE = {"kind": "float", "low": 1e-4, "high": 1e-1, "scale": "log"}
GROUPS: dict[str, Any] = {
    "plain": tiny.arm().head.model_dump(mode="json"),
    "deep": {"pool": "flatten", "widths": [8], "dropouts": [0.5]},
}


def parsed(space: dict[str, Any], **changes: Any) -> Search:
    return parse_search({**tiny.SEARCH, "space": space, **changes}, base=tiny.arm(), params=tiny.params())


def test_a_point_becomes_an_arm() -> None:
    search = parsed({"fit.learning_rate": RATE, "crop_px": {"kind": "int", "low": 24, "high": 48, "step": 8}})
    arm = arm_of(tiny.arm(), search=search, point={"fit.learning_rate": 0.02, "crop_px": 40})
    assert (arm.fit.learning_rate, arm.crop_px) == (0.02, 40)


def test_what_a_point_does_not_name_is_as_in_the_base_arm() -> None:
    arm = arm_of(tiny.arm(), search=parsed({"fit.learning_rate": RATE}), point={"fit.learning_rate": 0.02})
    assert arm.model_copy(update={"fit": tiny.arm().fit}) == tiny.arm()


def test_a_choice_of_groups_is_known_by_its_labels() -> None:
    search = parsed({"head": {"kind": "categorical", "choices": GROUPS}})
    assert arm_of(tiny.arm(), search=search, point={"head": "deep"}).head.widths == (8,)


def test_a_choice_of_lists_is_known_by_itself() -> None:
    search = parsed({"phases": {"kind": "categorical", "choices": [["systole"], ["diastole", "systole"]]}})
    assert arm_of(tiny.arm(), search=search, point={"phases": '["systole"]'}).phases == ("systole",)


@pytest.mark.parametrize(
    ("space", "told"),
    [
        ({"fit.learning_rat": RATE}, r"search.space: fit.learning_rat: .*near: fit.learning_rate"),
        ({"croppx": {"kind": "int", "low": 24, "high": 48}}, r"near: crop_px"),
        ({"target": {"kind": "categorical", "choices": ["view", "pathology"]}}, r"says what is asked"),
        ({"fit.learning_rate": {**RATE, "scael": "log"}}, r"space.fit.learning_rate.scael: .*near: scale"),
        (
            {"fit.learning_rate": {**RATE, "low": -1.0, "scale": "linear"}},
            r"learning_rate: expected .*greater than 0",
        ),
        ({"fit.learning_rate": {**RATE, "low": 1.0}}, r"low must be below high"),
        ({"fit.epochs": {"kind": "float", "low": 1, "high": 5}}, r"fit.epochs: expected kind int"),
        ({"crop_px": {"kind": "int", "low": 24, "high": 64}}, r"crop_px: expected .*at most the canvas of 48.*got 64"),
        ({"fit.optimiser": {"kind": "categorical", "choices": ["adamw", "adam"]}}, r"fit.optimiser: .*got 'adam'"),
        ({"head": {"kind": "categorical", "choices": GROUPS}, "head.pool": RATE}, r"expected keys apart"),
    ],
)
def test_a_slip_in_the_space_is_refused(space: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parsed(space)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"trails": 20}, r"search: trails: .*near: trials"),
        ({"objectives": ["gflops", "accuracy"]}, r"first objective must be accuracy or nll"),
        ({"objectives": ["accuracy", "acuracy"]}, r"search: objectives.1"),
        ({"pruning": {"peers": 3, "warmup": 0.5}}, r"near: warm_up"),
    ],
)
def test_a_slip_beside_the_space_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        parsed({"fit.learning_rate": RATE}, **changes)


@pytest.mark.parametrize("changes", [{"scheme": "paper_by_input"}, {"labels": "permuted"}])
def test_an_arm_that_selects_nothing_is_not_tuned(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="scheme honest, no control"):
        parse_search(tiny.SEARCH, base=tiny.arm(**changes), params=tiny.params())


def test_values_that_do_not_go_together_are_refused() -> None:
    flip = {"kind": "categorical", "choices": [True, False]}
    search = parsed({"augment.flip": flip})
    base = tiny.arm().model_copy(update={"target": "view"})
    with pytest.raises(ConfigError, match=r"flip changes the label.*augment.flip=true"):
        arm_of(base, search=search, point={"augment.flip": "true"})
