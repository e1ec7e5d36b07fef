"""Stage ingest_external: the source of a supplementary cohort, under the key of the study's own."""

import sys

from cinemyo.errors import IdentityKeyError
from cinemyo.provenance import digest_of, recorded_params
from pipelines.ingest import basis, ingest_cohort
from pipelines.stage import Run, argument, stage


def main() -> None:
    """Reads the source on the command line and writes its images and tables apart from the study's."""
    with stage("ingest_external", *sys.argv[1:2]) as run:
        name = argument(run.params.external.sources)
        refuse_another_key(run)
        ingest_cohort(run, source=run.params.external.sources[name], layout=run.layout.external)


def refuse_another_key(run: Run) -> None:
    """Lets nobody have two pseudonyms, by which a patient who was seen would pass for a new one.

    Raises:
        IdentityKeyError: the study's own cohort was ingested under another key than the present one.
    """
    present = digest_of(basis(run.params, source=run.params.source))
    if recorded_params(run.layout.provenance("ingest")) != present:
        raise IdentityKeyError(
            "supplementary cohort",
            expected="the key under which the study was ingested",
            got="another key",
            remedy="set CINEMYO_KEY_FILE to the study's key, or run the stage ingest again",
        )


if __name__ == "__main__":
    main()
