"""A static page of chosen runs side by side: what differs in their settings, their figures, and their images."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cinemyo.errors import SetupError
from cinemyo.record.embedding import embedded_bytes
from cinemyo.record.pages import rendered
from cinemyo.record.tracking import Found

HERE: Final = Path(__file__).parent
MOST: Final = 8
"""Runs on a page; more columns could not be read."""
FIRST: Final = ("patient_accuracy", "accuracy", "accuracy_mean", "accuracy_sd", "loss_mean")
"""Figures that stand above the others."""
CURVES: Final = ("train_", "validation_", "learning_rate", "fold_accuracy")
"""Beginnings of the names of what is a curve over epochs or folds: its last value says nothing."""


@dataclass(frozen=True)
class Line:
    """One line of a comparison: a name and a cell per run."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Strip:
    """One image in all runs: its name, and a data URI per run, empty where a run has none."""

    name: str
    sources: tuple[str, ...]


def chosen(runs: Sequence[Found], *, names: Sequence[str]) -> list[Found]:
    """The newest run of each name (or the run of an id), in the order asked for; all arms where none is named.

    Raises:
        SetupError: no run has such a name or id, or there are more runs than a page can show.
    """
    newest = {run.name: run for run in reversed(runs)}
    by_id = {run.run_id: run for run in runs}
    arms = [name for name, run in sorted(newest.items()) if run.tags.get("level") in ("arm", "job")]
    wanted = list(names) or arms
    unknown = [name for name in wanted if name not in newest and name not in by_id]
    if unknown or not wanted:
        got = unknown[0] if unknown else "a study without runs of arms"
        known = ", ".join(arms) or "none"
        raise SetupError("compare", expected=f"runs among {known}", got=got, remedy="name arms, folds or run ids")
    if len(wanted) > MOST:
        raise SetupError("compare", expected=f"at most {MOST} runs", got=str(len(wanted)), remedy="name fewer")
    return [by_id.get(name) or newest[name] for name in wanted]


def settings(runs: Sequence[Found]) -> list[Line]:
    """The parameters in which the runs differ, by name."""
    keys = sorted({key for run in runs for key in run.params})
    lines = [Line(key, tuple(run.params.get(key, "–") for run in runs)) for key in keys]
    return [line for line in lines if len(set(line.cells)) > 1]


def figures(runs: Sequence[Found]) -> list[Line]:
    """The figures of the runs, intervals in brackets; the most asked for first, curves left out."""
    keys = {key for run in runs for key in run.metrics if not key.startswith(CURVES)}
    single = [key for key in keys if not _is_bound(key, keys=keys)]
    ordered = sorted(single, key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), key))
    return [Line(key, tuple(_figure(run.metrics, key=key) for run in runs)) for key in ordered]


def _is_bound(key: str, *, keys: set[str]) -> bool:
    # the bootstrap's bounds stand beside a figure that has an interval of its own
    return "_bca_" in key or any(key.endswith(end) and key.removesuffix(end) in keys for end in ("_low", "_high"))


def _figure(metrics: Mapping[str, float], *, key: str) -> str:
    if key not in metrics:
        return "–"
    value, low, high = metrics[key], metrics.get(f"{key}_low"), metrics.get(f"{key}_high")
    shown = f"{value:.0f}" if _is_count(key) else f"{value:.3f}"
    return shown if low is None or high is None else f"{shown} ({low:.3f} to {high:.3f})"


def _is_count(key: str) -> bool:
    """Whether a figure counts something: `n_cines`, `patient_n_tied`, `missed_disease.hcm.missed`."""
    last = key.rpartition(".")[2].removeprefix("patient_")
    return last in ("n", "missed") or last.startswith("n_")


def strips(
    runs: Sequence[Found], *, images: Callable[[Found], Sequence[str]], image: Callable[[Found, str], bytes]
) -> list[Strip]:
    """The images of the runs by name without the arm's, so that the same picture of each run stands in one line."""
    by_run = [{_neutral(name, run): name for name in images(run)} for run in runs]
    names = sorted({name for found in by_run for name in found})
    return [
        Strip(
            name,
            tuple(
                embedded_bytes(image(run, found[name])) if name in found else ""
                for run, found in zip(runs, by_run, strict=True)
            ),
        )
        for name in names
    ]


def _neutral(name: str, run: Found) -> str:
    """`figures/confusion_dual.png` of the arm dual as `figures/confusion.png`."""
    return name.replace(f"_{run.tags.get('arm', run.name)}.", ".")


def page(
    runs: Sequence[Found], *, images: Callable[[Found], Sequence[str]], image: Callable[[Found, str], bytes]
) -> bytes:
    """The page as UTF-8; no network, no script, no time in it."""
    return rendered(
        HERE,
        runs=runs,
        study=runs[0].study,
        synthetic=any(run.tags.get("synthetic") == "true" for run in runs),
        settings=settings(runs),
        figures=figures(runs),
        strips=strips(runs, images=images, image=image),
    )
