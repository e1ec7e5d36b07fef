"""Stage label_external: the label sheet of a supplementary cohort, which may say nothing of its cines."""

import sys

from cinemyo import tables
from cinemyo.folds import Unseen
from cinemyo.persons import read_links
from cinemyo.sources.sheet import match
from pipelines.label import label_cohort
from pipelines.stage import argument, stage


def main() -> None:
    """Refuses a cohort that the study has seen, before anything is computed of it, and writes its labels."""
    with stage("label_external", *sys.argv[1:2]) as run:
        name, layout = argument(run.params.external.sources), run.layout
        Unseen.of(
            tables.read(layout.external.cines, table=tables.CINES),
            study=tables.read(layout.cines, table=tables.CINES),
            links=read_links(run.params.split.links),
        )
        label_cohort(run, source=run.params.external.sources[name], layout=layout.external, joined=match)


if __name__ == "__main__":
    main()
