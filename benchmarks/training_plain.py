"""The paper's training as one writes it with timm, Lightning and a DataLoader; it knows nothing of cinemyo.

    python benchmarks/training_plain.py FOLDER [WORKERS]

Reads what `benchmarks.training_material` wrote, and prints one line of JSON: per epoch the loss, the accuracies, and
the seconds of training and of validation.
"""

import json
import logging
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import timm
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import InterpolationMode, RandomAffine


class Cines(Dataset[tuple[Tensor, int]]):
    """Pairs of images from 0 to 1 and their class; a transform moves both phases alike."""

    def __init__(self, folder: Path, *, positions: Any, transform: Any) -> None:
        self.images = np.load(folder / "images.npy", mmap_mode="r")
        self.targets = np.load(folder / "targets.npy")
        self.positions, self.transform = positions, transform

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        position = int(self.positions[index])
        image = torch.from_numpy(self.images[position].copy()).float() / 255
        return self.transform(image), int(self.targets[position])


class Order:
    """Batches in the order of the file, another one in every epoch, of sizes that differ by one at most."""

    def __init__(self, order: Any, *, learnt: Any, batch_size: int) -> None:
        index = {int(position): number for number, position in enumerate(learnt)}
        self.epochs = [[index[int(position)] for position in row] for row in order]
        self.count, self.epoch = -(-len(learnt) // batch_size), 0

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Any:
        # a loader with workers makes an iterator that it never asks: the epoch counts from the first batch
        row = np.array(self.epochs[min(self.epoch, len(self.epochs) - 1)])
        self.epoch += 1
        for part in np.array_split(row, self.count):
            yield part.tolist()


class Classifier(pl.LightningModule):
    """One backbone per phase, their features side by side, the paper's head."""

    def __init__(self, settings: dict[str, Any], *, weights: dict[str, Tensor], phases: int) -> None:
        super().__init__()
        self.settings = settings
        channels = settings["channels"]
        self.backbones = nn.ModuleList([_backbone(settings, channels=channels) for _ in range(phases)])
        self.head = _head(settings, weights)
        own = {name.replace(".network.", "."): tensor for name, tensor in weights.items()}
        self.load_state_dict(own)
        self.channels = channels
        self.epochs: list[dict[str, float]] = []
        self.sums: dict[str, list[Tensor]] = {}
        self.stamps: list[float] = []
        # Lightning keeps the modes that it finds
        self.train()

    def train(self, mode: bool = True) -> "Classifier":  # noqa: FBT001 - torch's signature
        """Sets the mode; frozen blocks stay in evaluation mode."""
        super().train(mode)
        for backbone in self.backbones:
            for name in self.settings["frozen"]:
                backbone.get_submodule(name).eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Logits of images from 0 to 1."""
        scaled = (images - self.settings["mean"]) / self.settings["std"]
        features = []
        for phase, backbone in enumerate(self.backbones):
            grid = backbone.forward_features(scaled[:, phase : phase + 1].expand(-1, self.channels, -1, -1))
            features.append(grid.flatten(1) if self.settings["pool"] == "flatten" else grid.mean(dim=(2, 3)))
        return self.head(torch.cat(features, dim=1))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The paper's SGD."""
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return torch.optim.SGD(trained, lr=self.settings["learning_rate"], momentum=self.settings["momentum"])

    def _step(self, batch: tuple[Tensor, Tensor], name: str) -> Tensor:
        logits = self(batch[0])
        loss = functional.cross_entropy(logits.float(), batch[1])
        hits = (logits.argmax(1) == batch[1]).float().sum()
        self.sums.setdefault(name, []).append(
            torch.stack([loss.detach() * len(logits), hits, hits.new_tensor(len(logits))])
        )
        return loss

    def training_step(self, batch: tuple[Tensor, Tensor], _index: int) -> Tensor:
        """The loss of a batch."""
        return self._step(batch, "train")

    def validation_step(self, batch: tuple[Tensor, Tensor], _index: int) -> None:
        """Adds a batch."""
        self._step(batch, "validation")

    def on_train_epoch_start(self) -> None:
        """The clock starts."""
        self.sums, self.stamps = {}, [_now()]

    def on_validation_start(self) -> None:
        """Training has ended."""
        self.stamps.append(_now())

    def on_validation_end(self) -> None:
        """Validation has ended."""
        self.stamps.append(_now())

    def on_train_epoch_end(self) -> None:
        """Adds the row of the epoch."""
        began, between, ended = self.stamps
        row = {"train_seconds": between - began, "validation_seconds": ended - between}
        for name, parts in self.sums.items():
            loss, hits, count = torch.stack(parts).double().sum(0).tolist()
            row |= {f"{name}_loss": loss / count, f"{name}_accuracy": hits / count}
        self.epochs.append(row)


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def _backbone(settings: dict[str, Any], *, channels: int) -> nn.Module:
    made = timm.create_model(
        settings["backbone"], num_classes=0, global_pool="", in_chans=channels, **settings["options"]
    )
    if hasattr(made, "pre_logits"):
        made.pre_logits = nn.Identity()
    for name in settings["frozen"]:
        made.get_submodule(name).requires_grad_(False)
    return made


def _head(settings: dict[str, Any], weights: dict[str, Tensor]) -> nn.Sequential:
    names = [name for name in weights if name.startswith("head.") and name.endswith("weight")]
    shapes = [weights[name].shape for name in sorted(names, key=lambda name: int(name.split(".")[1]))]
    layers: list[nn.Module] = []
    for place, shape in enumerate(shapes):
        last = place == len(shapes) - 1
        drop = settings["dropouts"][place : place + 1] if settings["widths"] else settings["dropouts"]
        dropout = [nn.Dropout(drop[0])] if drop else []
        linear = nn.Linear(shape[1], shape[0])
        if settings["widths"]:
            layers += [linear] if last else [linear, nn.ReLU(), *dropout]
        else:
            layers += [*(dropout or [nn.Dropout(0.0)]), linear]
    return nn.Sequential(*layers)


def _transform(augment: dict[str, Any]) -> Any:
    if not (augment["zoom"] or augment["rotation_degrees"] or augment["shift"]):
        return lambda image: image
    return RandomAffine(
        augment["rotation_degrees"],
        translate=(augment["shift"], augment["shift"]),
        scale=(1 - augment["zoom"], 1 + augment["zoom"]),
        interpolation=InterpolationMode.BILINEAR,
    )


def run(folder: Path, *, workers: int) -> list[dict[str, float]]:
    """Losses, accuracies and seconds of every epoch."""
    settings = json.loads((folder / "settings.json").read_text())
    order, watched = np.load(folder / "order.npy"), np.load(folder / "watched.npy")
    learnt = np.sort(order[0])
    torch.manual_seed(0)
    weights = load_file(folder / "weights.safetensors")
    phases = np.load(folder / "images.npy", mmap_mode="r").shape[1]
    model = Classifier(settings, weights=weights, phases=phases)
    more = {"num_workers": workers, "persistent_workers": workers > 0, "pin_memory": torch.cuda.is_available()}
    batches = Order(order, learnt=learnt, batch_size=settings["batch_size"])
    train = Cines(folder, positions=learnt, transform=_transform(settings["augment"]))
    test = Cines(folder, positions=watched, transform=_transform({"zoom": 0, "rotation_degrees": 0, "shift": 0}))
    trainer = pl.Trainer(
        accelerator="auto",
        devices=1,
        precision="bf16-mixed" if torch.cuda.is_available() else "32-true",
        max_epochs=settings["epochs"],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        num_sanity_val_steps=0,
    )
    loaders = DataLoader(train, batch_sampler=batches, **more), DataLoader(test, settings["batch_size"], **more)
    trainer.fit(model, *loaders)
    return model.epochs


def main() -> None:
    """Trains and prints."""
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    print(json.dumps(run(Path(sys.argv[1]), workers=workers)))


if __name__ == "__main__":
    main()
