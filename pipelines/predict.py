"""Stage predict, per arm: what each of its folds says of a supplementary cohort that none of them has seen."""

import sys
from pathlib import Path

from cinemyo import tables
from cinemyo.persons import read_links
from cinemyo.training.cohorts import external_answers
from pipelines.stage import argument, stage


def main() -> None:
    """Reads the models of the arm on the command line and the canvases of the cohort, and writes the answers."""
    with stage("predict", *sys.argv[1:2]) as run:
        name = argument(dict.fromkeys(run.params.external.arms))
        arm, layout, split = run.params.arms[name], run.layout, run.params.split
        answers = external_answers(layout, name=name, arm=arm, links=read_links(split.links))
        tables.write(answers, table=tables.predictions(arm.target), path=layout.external_predictions(name))
        own, links = layout.external, [Path(split.links)] if split.links else []
        run.wrote(
            inputs=[
                layout.models(name),
                layout.cines,
                layout.folds,
                *links,
                *(own.cines, own.labels, own.phases, own.prepared(arm.recipe)),
            ],
            outputs=[layout.external_predictions(name)],
            params={"arm": arm.model_dump(mode="json")},
        )


if __name__ == "__main__":
    main()
