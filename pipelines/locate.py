"""Stage locate: the left ventricle, the gray window, diastole and systole of each cine."""

from cinemyo import tables
from cinemyo.layout import Layout
from cinemyo.preparation.locate import locate
from pipelines.stage import Run, stage


def main() -> None:
    """Reads the images and writes regions and phases."""
    with stage("locate") as run:
        locate_cohort(run, layout=run.layout)


def locate_cohort(run: Run, *, layout: Layout) -> None:
    """Locates hearts and phases of a cohort as the study says."""
    config = run.params.locate
    cines = tables.read(layout.cines, table=tables.CINES)
    labels = tables.read(layout.labels, table=tables.LABELS)
    regions, phases = locate(cines, layout=layout, labels=labels, config=config)
    tables.write(regions, table=tables.REGIONS, path=layout.regions)
    tables.write(phases, table=tables.PHASE_TABLE, path=layout.phases)
    run.wrote(
        inputs=[layout.ingested, layout.cines, layout.labels],
        outputs=[layout.regions, layout.phases],
        params={"locate": config.model_dump(mode="json")},
    )


if __name__ == "__main__":
    main()
