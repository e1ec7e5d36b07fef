"""The commands `cinemyo audit`: what an ethics board asks; none is a stage, none writes a result.

Each group of commands has a file of its own, which imports what is heavy inside its functions and ends with a mapping
`COMMANDS`. Every run is recorded here; the functions themselves record nothing.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import typer
from typer.core import TyperCommand

from cinemyo.cli_audit_export import COMMANDS as EXPORT
from cinemyo.cli_audit_ledger import COMMANDS as LEDGER
from cinemyo.cli_audit_trace import COMMANDS as TRACE
from cinemyo.cli_audit_withdraw import COMMANDS as WITHDRAW


class Recorded(TyperCommand):
    """A command that leaves who ran it, when and with which outcome; its arguments are never recorded."""

    def invoke(self, ctx: Any) -> Any:
        """What the command returns; outside a project there is nowhere to record it."""
        if not Path("params.yaml").is_file():
            return super().invoke(ctx)
        from cinemyo.events import recorded

        with recorded("command", f"audit {self.name}"):
            try:
                return super().invoke(ctx)
            except typer.Exit as end:
                # a status is an outcome, not a fault
                ended = end
        raise ended


audit = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Where results come from; never a stage, never writes a result."
)

COMMANDS: Final[dict[str, Callable[..., None]]] = {**LEDGER, **TRACE, **WITHDRAW, **EXPORT}
for _name, _command in COMMANDS.items():
    audit.command(_name, cls=Recorded)(_command)
