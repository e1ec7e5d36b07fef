"""The commands `cinemyo audit withdraw` and `dispose`: what is deleted, refused from then on, and certified."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cinemyo.cli_audit_study import history, study

if TYPE_CHECKING:
    from cinemyo.audit.certificate import Certificate
    from cinemyo.audit.withdraw.removal import Removal

Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


class Why(StrEnum):
    """Why a patient leaves."""

    consent_withdrawn = "consent_withdrawn"
    objection = "objection"
    ineligible = "ineligible"
    duplicate_identity = "duplicate_identity"
    controllers_order = "controllers_order"


class Models(StrEnum):
    """What becomes of models that the patient went into."""

    retain = "retain"
    retrain = "retrain"
    retire = "retire"


def withdraw(
    patient: Annotated[str, typer.Argument(help="A pseudonym, or the hospital's identifier, for who holds the key.")],
    *,
    reason: Annotated[Why, typer.Option(help="Stands on the certificate and on the study's sheet.")],
    role: Annotated[str, typer.Option(help="Of the person who decides; never a name.")],
    policy: Annotated[
        Models,
        typer.Option(
            help="retain: models stay, marked; retrain: they stay until `make repro`, their copies go; retire: they go."
        ),
    ] = Models.retrain,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tells what would go; writes nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Takes a patient out of the study for good; ended at any time and run again, it goes on."""
    from cinemyo.audit.withdraw.program import stores_meanwhile

    with stores_meanwhile(Path()) as copies:
        from cinemyo.audit.withdraw import carried_out
        from cinemyo.audit.withdraw.asked import asked

        params, layout = study()
        request = asked(
            patient,
            reason=reason.value,
            role=role,
            policy=policy.value,
            params=params,
            layout=layout,
            records=history(),
        )
        if dry_run:
            told = carried_out.foreseen(request, params=params, layout=layout, copies=copies)
            _tell_foreseen(*told, as_json=as_json)
            return
        certificate = carried_out.withdraw(request, params=params, layout=layout, copies=copies)
        _tell_certificate(certificate, as_json=as_json)


def dispose(
    *,
    confirm: Annotated[bool, typer.Option("--confirm", help="Deletes what is proposed without it.")] = False,
    as_json: Json = False,
) -> None:
    """Proposes what must go, since a date of the study has passed; deletes and certifies it once confirmed."""
    from datetime import date

    from cinemyo.audit import dispose as disposal

    params, layout = study()
    what = disposal.due(params.oversight, today=date.today())
    if confirm:
        role = params.oversight.responsible_role
        _tell_certificate(disposal.dispose(what, params=params, layout=layout, role=role), as_json=as_json)
    elif what or as_json:
        _tell_foreseen(disposal.proposed(what, params=params, layout=layout), [], as_json=as_json)
    else:
        typer.echo("no date of the study has passed: nothing to dispose of")


def _tell_foreseen(removals: "list[Removal]", silent: list[str], *, as_json: bool) -> None:
    from cinemyo.audit.withdraw.removal import counted

    counts = counted(removals)
    if as_json:
        items = [item.values() for item in removals]
        typer.echo(json.dumps({"dry_run": True, "counts": counts, "items": items, "silent": silent}, indent=1))
        return
    typer.echo("\n".join([*_counts(counts), *(f"did not answer: {fault}" for fault in silent), "nothing was written"]))


def _tell_certificate(certificate: "Certificate", *, as_json: bool) -> None:
    from cinemyo.audit.certificate import FOLDER

    page = FOLDER / f"{certificate.certificate}.html"
    if as_json:
        typer.echo(json.dumps(certificate.values(), indent=1))
    else:
        lines = [f"{certificate.kind} {certificate.certificate}: {certificate.state}; {page.as_posix()}"]
        lines += _counts(certificate.values()["removed"]["counts"])
        lines += [f"still to be done: {item.what} ({item.why})" for item in certificate.pending]
        done = ["commit conf/, then run `make repro`"] if certificate.kind == "withdrawal" else []
        typer.echo("\n".join([*lines, *(["run the same command again"] if certificate.pending else done)]))
    raise typer.Exit(0 if certificate.state == "complete" else 1)


def _counts(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    return [f"{place}: {row['files']} files, {row['rows']} rows" for place, row in counts.items()]


COMMANDS: Final[dict[str, Callable[..., Any]]] = {"withdraw": withdraw, "dispose": dispose}
