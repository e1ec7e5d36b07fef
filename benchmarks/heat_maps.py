"""Grad-CAM maps per second of the demo's network: all cines of a batch at once, against one cine after the other.

python -m benchmarks.heat_maps [CINES]
"""

import sys
import time

import torch

from benchmarks.result import keep, machine
from cinemyo import config
from cinemyo.explain.gradcam import heat_maps
from cinemyo.labels import CLASSES
from cinemyo.models.classifier import PhaseClassifier
from cinemyo.training.answer import device, one_thread

CINES = 128
ARM = "dual"


def seconds(model: PhaseClassifier, images: torch.Tensor, *, batch: int) -> float:
    """Seconds for the maps of all images, so many at a time; the best of three."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        for part in torch.split(images, batch):
            heat_maps(model, part, classes=torch.zeros(len(part), dtype=torch.int64, device=images.device))
        if images.is_cuda:
            torch.cuda.synchronize()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    """Measures, prints and keeps."""
    cines = int(sys.argv[1]) if len(sys.argv) > 1 else CINES
    arm = config.load().arms[ARM]
    side = arm.crop_px or 160
    with one_thread():
        torch.manual_seed(0)
        model = PhaseClassifier(arm, n_classes=len(CLASSES[arm.target]), side=side).to(device()).eval()
        model.requires_grad_(False)
        images = torch.rand(cines, len(arm.phases), side, side, device=device())
        together, alone = seconds(model, images, batch=64), seconds(model, images, batch=1)
    maps = cines * len(arm.phases)
    print(f"{machine()['cpu']}, one thread; {arm.backbone.name}, {side} px, {len(arm.phases)} phases")
    print(f"64 cines at a time {maps / together:8.1f} maps/s\none at a time      {maps / alone:8.1f} maps/s")
    print(f"ratio {alone / together:.2f}")
    figures = {"cines": cines, "side_px": side, "maps_per_s": round(maps / together, 1)}
    figures |= {"one_by_one_maps_per_s": round(maps / alone, 1), "ratio": round(alone / together, 2)}
    keep("heat_maps", figures, command=f"python -m benchmarks.heat_maps {cines}")


if __name__ == "__main__":
    main()
