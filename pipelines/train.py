"""Crops and folds to the models, predictions and history of one arm."""

import logging
from pathlib import Path

from cinemyo import config
from cinemyo.folds import fold_count
from cinemyo.launching.choice import chosen
from cinemyo.training.ahead import Fold, fit_ahead
from cinemyo.training.arm import Outputs, run_arm, work_folder
from cinemyo.training.data import read_inputs
from pipelines.stage import argument, stage


def main() -> None:
    """Runs the stage for the arm on the command line."""
    name = argument(config.load().arms)
    with stage("train", name) as run:
        arm, layout = run.params.arms[name], run.layout
        _log_to(work_folder(layout) / f"{name}.log")
        out = Outputs.of(layout, arm=name)
        links = run.params.split.links
        inputs = read_inputs(layout, arm=arm, seed=run.params.seed, links=links)
        folds = range(fold_count(inputs.folds, scheme=arm.scheme))
        fit_ahead([Fold(arm, name, run.params.seed, layout, fold, links) for fold in folds], launcher=chosen())
        run_arm(arm, name=name, seed=run.params.seed, inputs=inputs, out=out, work=work_folder(layout))
        sheets = [Path(links)] if links else []
        run.wrote(
            inputs=[layout.cines, layout.labels, layout.phases, layout.folds, layout.prepared(arm.recipe), *sheets],
            outputs=[out.models, out.predictions, out.history],
            params={"arm": arm.model_dump(mode="json"), "seed": run.params.seed},
        )


def _log_to(path: Path) -> None:
    """Lets the curves of a fit be followed while it runs; times stay in this log, never in an output."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    logger = logging.getLogger("cinemyo")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)


if __name__ == "__main__":
    main()
