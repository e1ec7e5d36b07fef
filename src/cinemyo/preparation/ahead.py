"""Canvases made elsewhere, before the stage that writes them: it then finds each finished in its folder."""

from dataclasses import dataclass
from itertools import islice

from cinemyo import tables
from cinemyo.config import Recipe
from cinemyo.launching.choice import Local, Ray, Slurm
from cinemyo.launching.jobs import each
from cinemyo.layout import Layout
from cinemyo.preparation.locate import records
from cinemyo.preparation.prepare import Preparer, work_of
from cinemyo.sources.pool import in_order


@dataclass(frozen=True)
class Share:
    """Every `count`-th cine from the `index`-th on, by one recipe."""

    layout: Layout
    name: str
    recipe: Recipe
    index: int
    count: int


def prepare_ahead(layout: Layout, *, name: str, recipe: Recipe, launcher: Local | Ray | Slurm) -> None:
    """Makes the canvases of a recipe where the launcher says; on this machine the stage itself does.

    What a share could not do, the stage does, and tells why if it cannot either.

    Raises:
        ConfigError: nothing answers at the launcher's address, or a node does not have the project's folder.
        CinemyoError: an image is absent or damaged.
    """
    if isinstance(launcher, Local):
        return
    shares = [Share(layout, name, recipe, index, launcher.shares) for index in range(launcher.shares)]
    for outcome in each(prepare_share, shares, launcher=launcher, name=lambda share: f"share {share.index} of {name}"):
        if outcome.error is not None:
            raise outcome.error


def prepare_share(share: Share) -> int:
    """How many cines the share has; their canvases lie beside the finished ones.

    Raises:
        SourceError: an ingested image is absent or damaged.
    """
    cines = tables.read(share.layout.cines, table=tables.CINES)
    regions = tables.read(share.layout.regions, table=tables.REGIONS)
    known = {str(row["cine_id"]): row for row in records(regions)}
    preparer = Preparer(share.layout, share.recipe, work_of(share.layout, name=share.name, recipe=share.recipe))
    own = islice(records(cines), share.index, None, share.count)
    return sum(1 for _ in in_order(preparer, ((cine, known[cine["cine_id"]]) for cine in own)))
