"""A project with the tiny study of tests/tiny_study, on which jobs of a sweep take a second."""

import os
from pathlib import Path
from typing import Any

import pytest

from cinemyo.config import Arm, Params
from cinemyo.layout import Layout
from cinemyo.sweeping.job import Job, job_of
from tests import tiny_study
from tests.pipelines.project import link_code


def project(base: Path) -> tuple[Params, Layout]:
    """The study, its files, code and configuration."""
    params, layout = tiny_study.build(base)
    link_code(base)
    return params, layout


def small(params: Params, **changes: Any) -> Arm:
    """The study's arm with one epoch; `fit={"batch_size": 4}` changes that one value."""
    values = params.arms["dual"].model_dump(mode="json")
    values["backbone"] |= {"name": "resnet10t", "cam_layer": "layer3"}
    values["backbone"]["options"] = {"channels": [8, 8, 8, 8], "stem_width": 8}
    values["fit"]["epochs"] = 1
    for key, change in changes.items():
        values[key] = {**values[key], **change} if isinstance(change, dict) else change
    return Arm.model_validate(values)


def job(params: Params, layout: Layout, *, name: str = "base", **changes: Any) -> Job:
    """A job of the tiny study."""
    return job_of(small(params, **changes), params=params, name=name, layout=layout)


def offline(monkeypatch: pytest.MonkeyPatch, base: Path) -> None:
    """Puts the process into the project, with the embedded tracking store."""
    monkeypatch.chdir(base)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
        monkeypatch.setitem(os.environ, name, "true")
