"""The command `cinemyo plan`: time, memory and disk of the study before it starts."""

import json
from typing import Annotated

import typer


def plan(*, as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Estimates what the study of params.yaml will take on this machine; refuses what cannot fit, with the remedy.

    A few steps of each arm and a few synthetic cines are measured first; nothing is written.
    """
    from cinemyo import config
    from cinemyo.planning import plan as planning

    found = planning.plan(config.load())
    typer.echo(json.dumps(found.as_values(), indent=1) if as_json else "\n".join(planning.lines(found)))
    for fault in found.faults:
        typer.echo(f"{type(fault).__name__}: {fault}", err=True)
    raise typer.Exit(1 if found.faults else 0)
