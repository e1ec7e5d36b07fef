"""One fit as data: what goes in, what comes out, and the key under which work in progress is kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import torch
from jaxtyping import Int64
from torch import Tensor

from cinemyo.config import Arm
from cinemyo.folds import FoldSplit
from cinemyo.labels import CLASSES
from cinemyo.provenance import digest_of, files_under, sha256
from cinemyo.training.data import UNLABELLED, Samples

_CODE: Final = (Path(__file__).parent, Path(__file__).parents[1] / "models")


@dataclass(frozen=True)
class FitResult:
    """What a fit leaves: the tensors of the kept epoch, a row per epoch, and a row per answered cine."""

    tensors: dict[str, Tensor]
    history: list[dict[str, Any]]
    predictions: list[dict[str, Any]]


@dataclass(frozen=True)
class Task:
    """One fit: an arm under its name, samples, the split of the fold, the seed, and where work in progress lies."""

    arm: Arm
    name: str
    samples: Samples
    split: FoldSplit
    seed: int
    work: Path

    def __reduce__(self) -> tuple[Any, ...]:
        """How a task travels to another process: without what it has computed."""
        return Task, (self.arm, self.name, self.samples, self.split, self.seed, self.work)

    @property
    def where(self) -> str:
        """How errors and logs call this fit."""
        return f"arm {self.name}, fold {self.split.fold}"

    @property
    def folder(self) -> Path:
        """The folder of this fit's state, by content key."""
        return self.work / self.key

    @cached_property
    def learnt(self) -> Int64[Tensor, " cine"]:
        """Positions of the labelled cines of the training part."""
        return self.samples.labelled(self.split.train)

    @cached_property
    def watched(self) -> Int64[Tensor, " cine"]:
        """Positions of the labelled cines of the curve beside training.

        The validation part or, in the schemes of the paper, where nothing is selected, the test part.
        """
        return self.samples.labelled(self.split.validation or self.split.test)

    @property
    def answered(self) -> dict[str, Sequence[str]]:
        """Cines whose predictions are wanted, by set."""
        return {"validation": self.split.validation, "test": self.split.test}

    def digests(self, positions: Int64[Tensor, " cine"]) -> list[str]:
        """Digests of the cines at these positions; draws are keyed by them, never by pseudonyms."""
        return [self.split.digests[self.samples.cine_ids[position]] for position in positions.tolist()]

    @cached_property
    def key(self) -> str:
        """Content key: values, seed, fold, pixels, the labels that training and its curve see, and the code."""
        sides = {name: list(getattr(self.split, name)) for name in ("train", "validation", "test")}
        pixels = self.samples.images[self.samples.positions([cine for side in sides.values() for cine in side])]
        return digest_of(
            {
                "arm": self.arm.model_dump(mode="json"),
                "seed": self.seed,
                "fold": self.split.fold,
                "sides": sides,
                "digests": self.digests(self.learnt),
                "labels": self.samples.targets[torch.cat([self.learnt, self.watched])].tolist(),
                "pixels": hashlib.sha256(pixels.numpy().tobytes()).hexdigest(),
                "code": _code(),
                "torch": torch.__version__,
            }
        )[:32]

    @cached_property
    def shared_key(self) -> str:
        """Content key of what the folds of an arm share: as `key`, without fold and labels."""
        cine_ids = self.samples.cine_ids
        return digest_of(
            {
                "arm": self.arm.model_dump(mode="json"),
                "seed": self.seed,
                "cines": list(cine_ids),
                "digests": [self.split.digests[cine] for cine in cine_ids],
                "pixels": hashlib.sha256(self.samples.images.contiguous().numpy().data).hexdigest(),
                "code": _code(),
                "torch": torch.__version__,
            }
        )

    def rows(self, answers: dict[str, Tensor]) -> list[dict[str, Any]]:
        """Rows of the table of predictions from probabilities per set; the truth joins them only here."""
        classes = CLASSES[self.arm.target]
        rows = []
        for name, cines in self.answered.items():
            positions = self.samples.positions(cines).tolist()
            for position, shares in zip(positions, answers[name].tolist(), strict=True):
                target = int(self.samples.targets[position])
                row = {"cine_id": self.samples.cine_ids[position], "fold": self.split.fold, "set": name}
                row["truth"] = None if target == UNLABELLED else classes[target]
                rows.append(row | {f"p_{label}": share for label, share in zip(classes, shares, strict=True)})
        return rows


def _code() -> list[str]:
    return [sha256(path) for folder in _CODE for path in files_under(folder) if path.suffix == ".py"]
