"""Models and images to the answers of one arm where the preparation of its test cines was put off."""

from pathlib import Path

import pandas as pd

from cinemyo import config, tables
from cinemyo.config import Arm, Params
from cinemyo.labels import LEAKY_SCHEMES
from cinemyo.layout import Layout
from cinemyo.measures import robustness
from pipelines.stage import argument, stage


def main() -> None:
    """Runs the stage for the arm on the command line."""
    name = argument(config.load().arms)
    with stage("robustness", name) as run:
        arm, layout = run.params.arms[name], run.layout
        frame, read = put_off(run.params, name=name, layout=layout) if is_asked(arm) else nothing(arm)
        tables.write(frame, table=robustness(arm.target), path=layout.robustness(name))
        run.wrote(
            inputs=read,
            outputs=[layout.robustness(name)],
            params={
                "arm": arm.model_dump(mode="json"),
                "recipe": run.params.recipes[arm.recipe].model_dump(mode="json"),
                "robustness": run.params.robustness.model_dump(mode="json"),
            },
        )


def is_asked(arm: Arm) -> bool:
    """Whether anybody asks how robust the arm is: not of leaky arms and controls."""
    return arm.scheme not in LEAKY_SCHEMES and not arm.is_control


def nothing(arm: Arm) -> tuple[pd.DataFrame, list[Path]]:
    """A table without rows, and that nothing was read for it."""
    return tables.from_rows([], table=robustness(arm.target)), []


def put_off(params: Params, *, name: str, layout: Layout) -> tuple[pd.DataFrame, list[Path]]:
    """The answers of the arm, and what was read for them."""
    # here, so that an empty table costs no seconds
    from cinemyo.trials.robustness import answers_put_off

    frame = answers_put_off(params, name=name, layout=layout)
    read = [layout.models(name), layout.predictions(name), layout.prepared(params.arms[name].recipe), layout.ingested]
    return frame, [*read, layout.cines, layout.phases, layout.regions]


if __name__ == "__main__":
    main()
