"""A promoted arm as the text of a file of `conf/arm/`: the base that it builds on, and its differences from it."""

from collections.abc import Mapping
from typing import Any

import yaml


def arm_text(own: Mapping[str, Any], *, start: Mapping[str, Any], groups: Mapping[str, str], said: str) -> str:
    """The file of an arm with the values `own`: what is said of it, groups taken by the name of their file, the rest.

    `start` is what the base and those groups give; what equals it is not stated.
    """
    overrides = [{f"override /{group}@{group}": name} for group, name in sorted(groups.items())]
    head = "".join(f"# {line}\n" for line in said.splitlines())
    stated = {"defaults": ["base", *overrides, "_self_"], **differences(own, start)}
    return head + yaml.safe_dump(stated, sort_keys=False, width=110)


def differences(own: Mapping[str, Any], start: Mapping[str, Any]) -> dict[str, Any]:
    """What of `own` is not in `start`, at any depth."""
    found: dict[str, Any] = {}
    for key, value in own.items():
        if key in start and start[key] == value:
            continue
        inside = isinstance(value, Mapping) and isinstance(start.get(key), Mapping)
        found[key] = differences(value, start[key]) if inside else value
    return found
