"""All files of the study to MLflow; the only stage that writes there."""

import json

from cinemyo import tables
from cinemyo.record.runs import study_runs
from cinemyo.record.tracking import Store
from pipelines.stage import stage


def main() -> None:
    """Runs the stage."""
    with stage("record") as run:
        params, layout = run.params, run.layout
        entries = study_runs(params, layout=layout)
        Store(layout.base).record(entries, study=params.study.name)
        content = {"study": params.study.name, "arms": {entry.arm: entry.content for entry in entries}}
        tables.write_bytes(layout.recorded, (json.dumps(content, indent=1, sort_keys=True) + "\n").encode())


if __name__ == "__main__":
    main()
