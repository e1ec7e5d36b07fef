"""The study that the commands `cinemyo audit` speak of, once the ledger is brought up to what its stages left."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cinemyo.audit.ledger import Record
    from cinemyo.config import Params
    from cinemyo.layout import Layout


def study() -> tuple["Params", "Layout"]:
    """Parameters and places of the study, whose ledger knows all that there is."""
    from cinemyo import config
    from cinemyo.audit.reconcile import reconcile
    from cinemyo.layout import Layout

    params = config.load()
    layout = Layout(params.study.name)
    reconcile(params, layout=layout)
    return params, layout


def history() -> list["Record"]:
    """The ledger's records, those of merged ledgers among them."""
    from cinemyo.audit.ledger import Ledger

    return Ledger().history()
