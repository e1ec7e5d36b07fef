"""Stage prepare_external: the cines of a supplementary cohort as canvases, by every recipe of the study."""

import sys

from pipelines.prepare import prepare_cohort
from pipelines.stage import argument, stage


def main() -> None:
    """Reads the images and their regions and writes the canvases, apart from the study's."""
    with stage("prepare_external", *sys.argv[1:2]) as run:
        argument(run.params.external.sources)
        prepare_cohort(run, layout=run.layout.external, recipes=sorted(run.params.recipes))


if __name__ == "__main__":
    main()
