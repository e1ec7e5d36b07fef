"""Runs in MLflow: what a run holds, writing it, finding it again; the only door to mlflow."""

from cinemyo.record.tracking.entry import Data, Entry, Metric
from cinemyo.record.tracking.found import Found, find, image, images
from cinemyo.record.tracking.health import fault
from cinemyo.record.tracking.listed import EXPLORING, Run, experiments, runs_of
from cinemyo.record.tracking.store import STORE, Store

__all__ = [
    "EXPLORING",
    "STORE",
    "Data",
    "Entry",
    "Found",
    "Metric",
    "Run",
    "Store",
    "experiments",
    "fault",
    "find",
    "image",
    "images",
    "runs_of",
]
