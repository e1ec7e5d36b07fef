"""Stage holdout: what an arm's folds say of the hold-out, where an opening names exactly its present models."""

from pathlib import Path

import pandas as pd

from cinemyo import tables
from cinemyo.config import Arm
from cinemyo.layout import Layout
from cinemyo.openings import is_open, read_openings
from pipelines.stage import stage


def main() -> None:
    """Writes a table per arm of the study; of a closed one it has no row."""
    with stage("holdout") as run:
        params, layout = run.params, run.layout
        sheet = Path(params.sheets.openings)
        openings = read_openings(sheet)
        opened = [name for name in params.arms if is_open(name, openings=openings, layout=layout)]
        for name, arm in params.arms.items():
            answers = answered(layout, name=name, arm=arm) if name in opened else none(arm)
            tables.write(answers, table=tables.predictions(arm.target), path=layout.holdout(name))
        folder = layout.holdout("any").parent
        for path in set(folder.glob("*.csv")) - {layout.holdout(name) for name in params.arms}:
            path.unlink()
        read = [layout.cines, layout.labels, layout.phases]
        read += [path for name in opened for path in (layout.models(name), layout.prepared(params.arms[name].recipe))]
        run.wrote(
            inputs=[sheet, layout.folds, *(read if opened else [])],
            outputs=[layout.holdout(name) for name in params.arms],
            params=params.model_dump(mode="json", include={"arms", "sheets"}),
        )


def answered(layout: Layout, *, name: str, arm: Arm) -> pd.DataFrame:
    """Answers of an open arm."""
    # a closed hold-out costs no torch
    from cinemyo.training.cohorts import holdout_answers

    return holdout_answers(layout, name=name, arm=arm)


def none(arm: Arm) -> pd.DataFrame:
    """The table of a closed arm."""
    return tables.from_rows([], table=tables.predictions(arm.target))


if __name__ == "__main__":
    main()
