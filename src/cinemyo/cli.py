"""The command `cinemyo`: what is not a stage of the pipeline."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cinemyo.cli_audit import audit
from cinemyo.cli_deidentify import deidentify, locate
from cinemyo.cli_holdout import holdout
from cinemyo.cli_ingest import ingest
from cinemyo.cli_plan import plan
from cinemyo.cli_readers import readers
from cinemyo.cli_scan import scan_phi
from cinemyo.errors import CinemyoError


class Commands(TyperGroup):
    """Commands whose faults are one line on stderr and status 1."""

    def invoke(self, ctx: Any) -> Any:
        """What the command returns."""
        try:
            return super().invoke(ctx)
        except CinemyoError as error:
            typer.echo(f"{type(error).__name__}: {error}", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help=__doc__,
)
keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The key of the pseudonyms.")
app.add_typer(audit, name="audit")
app.add_typer(keys, name="key")
app.add_typer(holdout, name="holdout")
app.add_typer(readers, name="readers")
app.command("scan-phi")(scan_phi)
app.command("deidentify")(deidentify)
app.command("ingest")(ingest)
app.command("locate")(locate)
app.command("plan")(plan)

Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Checks the environment; one line per check, with the remedy of each fault."""
    from cinemyo.doctor import examine

    checks = examine()
    records = [{**asdict(check), "ok": check.ok} for check in checks]
    typer.echo(json.dumps(records, indent=1) if as_json else "\n".join(str(check) for check in checks))
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@keys.command("new")
def new(file: Annotated[Path, typer.Argument(help="A file that does not exist yet, outside the project.")]) -> None:
    """Makes a key; its file is readable by its owner alone, and what is shown is its id."""
    from cinemyo.deid.keys import KEY_VARIABLE, new_key

    typer.echo(f"{new_key(file)} in {file}; set {KEY_VARIABLE}={file}, keep a copy apart from the data")


@app.command()
def guard(files: Annotated[list[Path] | None, typer.Argument(help="Files about to be committed.")] = None) -> None:
    """Refuses files that a study of people must not commit; the pre-commit hook calls it."""
    from cinemyo.record.guard import refusals

    refused = refusals(files or [])
    for line in refused:
        typer.echo(line, err=True)
    raise typer.Exit(1 if refused else 0)


@app.command()
def compare(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Names (dual, 'dual fold 3') or ids; all arms if none.")
    ] = None,
    *,
    study: Annotated[str | None, typer.Option(help="An experiment of the store; the study of params.yaml.")] = None,
    query: Annotated[str, typer.Option("--filter", help="As in MLflow's UI: tags.target = 'pathology'.")] = "",
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("reports/compare.html"),
) -> None:
    """Writes a page with chosen runs of MLflow side by side: settings that differ, figures, images."""
    from cinemyo import config, tables
    from cinemyo.record.compare.page import chosen, page
    from cinemyo.record.tracking import Store, find, image, images

    store = Store()
    found = find(store, study=study or config.load().study.name, query=query)
    selected = chosen(found, names=runs or [])
    content = page(
        selected, images=lambda run: images(store, run), image=lambda run, name: image(store, run, name=name)
    )
    tables.write_bytes(out, content)
    typer.echo(f"{out.as_posix()}: {', '.join(run.name for run in selected)}")


if __name__ == "__main__":
    app()
