"""Models and canvases to heat maps of one arm: every cine measured, the misclassified and a sample drawn."""

import shutil

from cinemyo import config
from cinemyo.config import Params
from cinemyo.explain.arm import Explained, attention_table, explain_arm
from cinemyo.layout import Layout
from cinemyo.record.heat_maps import banner, draw_case, draw_folds, draw_overview, draw_typical
from cinemyo.tables import ATTENTION, write, write_bytes
from pipelines.stage import argument, stage


def main() -> None:
    """Runs the stage for the arm on the command line."""
    name = argument(config.load().arms)
    with stage("explain", name) as run:
        params, layout = run.params, run.layout
        arm = params.arms[name]
        shutil.rmtree(layout.heat_maps / name, ignore_errors=True)
        found = explain_arm(params, name=name, layout=layout)
        draw(found, name=name, params=params, layout=layout)
        write(attention_table(found.rows), table=ATTENTION, path=layout.attention(name))
        read = [layout.models(name), layout.predictions(name), layout.prepared(arm.recipe)]
        run.wrote(
            inputs=[*read, layout.cines, layout.labels, layout.phases],
            outputs=[layout.attention(name), layout.heat_maps / name],
            params={
                **params.model_dump(mode="json", include={"explain", "seed", "study", "recipes"}),
                "arm": arm.model_dump(mode="json"),
            },
        )


def draw(found: Explained, *, name: str, params: Params, layout: Layout) -> None:
    """Draws the cases of an arm, its overview, one per fold, and typical cases."""
    arm = params.arms[name]
    folder = layout.heat_maps / name
    words = banner(params.study, scheme=arm.scheme)
    overview = draw_overview(found.cases, arm=name, phases=arm.phases, standing=words)
    write_bytes(folder / "overview.png", overview)
    write_bytes(folder / "typical.png", draw_typical(found.typical, arm=name, phases=arm.phases, standing=words))
    for fold, drawn in draw_folds(found.cases, arm=name, phases=arm.phases, standing=words).items():
        write_bytes(folder / f"fold{fold}.png", drawn)
    for case in found.cases:
        write_bytes(folder / f"{case.answer.cine_id}.png", draw_case(case, phases=arm.phases, standing=words))


if __name__ == "__main__":
    main()
