"""Stage locate_external: the left ventricle, the gray window and the two phases in a supplementary cohort."""

import sys

from pipelines.locate import locate_cohort
from pipelines.stage import argument, stage


def main() -> None:
    """Reads the images and writes regions and phases, apart from the study's."""
    with stage("locate_external", *sys.argv[1:2]) as run:
        argument(run.params.external.sources)
        locate_cohort(run, layout=run.layout.external)


if __name__ == "__main__":
    main()
