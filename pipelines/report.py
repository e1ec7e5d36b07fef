"""Tables, figures and heat maps to one page that a clinician can read."""

from cinemyo import tables
from cinemyo.record.report.page import build
from pipelines.stage import stage


def main() -> None:
    """Runs the stage; the page itself shows the provenance of the stages before it."""
    with stage("report") as run:
        tables.write_bytes(run.layout.report, build(run.params, layout=run.layout))


if __name__ == "__main__":
    main()
