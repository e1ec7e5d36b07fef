"""Cines read elsewhere, before the stage that writes them: it then finds each finished in its folder.

A job is names. Every node reads the source and the key's file itself: no key and no identity travels through a
scheduler, whose logs and spools others may read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from cinemyo.config import Source
from cinemyo.deid.crosswalk import TableKey
from cinemyo.deid.refusals import read_refusals
from cinemyo.launching.choice import Local, Ray, Slurm
from cinemyo.launching.jobs import each
from cinemyo.layout import Layout
from cinemyo.sources.base import Exclusion, Part
from cinemyo.sources.building import Builder
from cinemyo.sources.ingest import work_of
from cinemyo.sources.keyed import key_of
from cinemyo.sources.opened import open_source
from cinemyo.sources.pool import in_order


@dataclass(frozen=True)
class Share:
    """Every `count`-th part of a source from the `index`-th on, under the key of the study's own source."""

    source: Source
    keyed: Source
    layout: Layout
    withdrawn: Path
    index: int
    count: int


def ingest_ahead(
    source: Source, *, keyed: Source, layout: Layout, withdrawn: Path, launcher: Local | Ray | Slurm
) -> None:
    """Reads the cines of a source where the launcher says; on this machine the stage itself does.

    Random pseudonyms are drawn by one process, the stage's: then nothing is done here.

    Raises:
        ConfigError: nothing answers at the launcher's address, or a node does not have the project's folder.
        CinemyoError: the source contradicts itself, or a node has no key.
    """
    if isinstance(launcher, Local) or isinstance(key_of(keyed), TableKey):
        return
    count = launcher.shares
    shares = [Share(source, keyed, layout, withdrawn, index, count) for index in range(count)]
    for outcome in each(ingest_share, shares, launcher=launcher, name=lambda share: f"share {share.index} of ingest"):
        if outcome.error is not None:
            raise outcome.error


def ingest_share(share: Share) -> int:
    """How many parts the share has; their images lie beside the finished ones.

    Raises:
        CinemyoError: the source contradicts itself, or there is no key here.
    """
    key = key_of(share.keyed)
    builder = Builder(work_of(share.layout, key=key), key, read_refusals(share.withdrawn, key=key))
    parts = _parts(open_source(share.source, key=key).parts())
    return sum(1 for _ in in_order(builder, islice(parts, share.index, None, share.count)))


def _parts(items: Iterator[Part | Exclusion]) -> Iterator[Part | Exclusion]:
    """What has pixels to be read."""
    return (item for item in items if not isinstance(item, Exclusion))
