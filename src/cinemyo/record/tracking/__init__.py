"""Runs in MLflow: what a run holds, writing it, finding it again; the only door to mlflow."""

from cinemyo.record.tracking.entry import Data, Entry, Metric
from cinemyo.record.tracking.found import Found, find, image, images
from cinemyo.record.tracking.health import fault
from cinemyo.record.tracking.listed import Run, runs_of
from cinemyo.record.tracking.store import STORE, Store

__all__ = ["STORE", "Data", "Entry", "Found", "Metric", "Run", "Store", "fault", "find", "image", "images", "runs_of"]
