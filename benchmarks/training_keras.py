"""The paper's training as its authors describe it, in Keras: VGG16 per phase, frozen but for its last block.

    pip install tensorflow-cpu==2.21.0 keras==3.15.1 safetensors  (an environment of its own)
    python benchmarks/training_keras.py FOLDER

Reads what `benchmarks.training_material` wrote, and prints one line of JSON as `training_plain.py` does. Augmentation
runs in tf.data beside the training, the same draw for both phases. It knows nothing of cinemyo.
Source: Germain 2021, §2.4
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from safetensors.numpy import load_file


def model_of(settings: dict[str, Any], *, side: int, phases: int) -> keras.Model:
    """Bases side by side, their features flattened and joined, then the paper's dense layers."""
    images = layers.Input((side, side, phases))
    features = []
    for phase, image in enumerate(keras.ops.split(images, phases, axis=-1)):
        base = keras.applications.VGG16(weights=None, include_top=False, input_shape=(side, side, 3))
        base.name = f"phase{phase}"
        for layer in base.layers:
            layer.trainable = layer.name.startswith("block5")
        gray = layers.Rescaling(1 / settings["std"], -settings["mean"] / settings["std"])(image)
        features.append(layers.Flatten()(base(layers.Concatenate()([gray, gray, gray]))))
    values = layers.Concatenate()(features) if phases > 1 else features[0]
    for width, dropout in zip(settings["widths"], settings["dropouts"], strict=True):
        values = layers.Dropout(dropout)(layers.Dense(width, activation="relu")(values))
    return keras.Model(images, layers.Dense(settings["classes"])(values))


def load(model: keras.Model, weights: dict[str, Any], *, phases: int) -> None:
    """Puts the exported weights in: convolutions turned to rows, columns, in, out; the first dense layer reordered."""
    convolutions = [int(name.split(".")[4]) for name in weights if name.startswith("backbones.0.") and "weight" in name]
    for phase in range(phases):
        base = model.get_layer(f"phase{phase}")
        own = [layer for layer in base.layers if isinstance(layer, layers.Conv2D)]
        for layer, number in zip(own, sorted(convolutions), strict=True):
            name = f"backbones.{phase}.network.features.{number}"
            layer.set_weights([weights[f"{name}.weight"].transpose(2, 3, 1, 0), weights[f"{name}.bias"]])
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    numbers = sorted({int(name.split(".")[1]) for name in weights if name.startswith("head.")})
    for place, (layer, number) in enumerate(zip(dense, numbers, strict=True)):
        matrix = weights[f"head.{number}.weight"]
        if not place:
            # torch flattens channel, row, column; Keras row, column, channel
            grid = round((matrix.shape[1] / phases / 512) ** 0.5)
            parts = matrix.reshape(len(matrix), phases, 512, grid, grid).transpose(0, 1, 3, 4, 2)
            matrix = parts.reshape(len(matrix), -1)
        layer.set_weights([matrix.T, weights[f"head.{number}.bias"]])


def augmenter(augment: dict[str, Any]) -> Any:
    """Moves a pair of images as the paper says; the phases are channels, so that they share a draw."""
    if not (augment["zoom"] or augment["rotation_degrees"] or augment["shift"]):
        return lambda images: images
    move = keras.Sequential(
        [
            layers.RandomRotation(augment["rotation_degrees"] / 360, fill_mode="nearest"),
            layers.RandomTranslation(augment["shift"], augment["shift"], fill_mode="nearest"),
            layers.RandomZoom(augment["zoom"], fill_mode="nearest"),
        ]
    )
    return lambda images: move(images, training=True)


class Clock(keras.callbacks.Callback):
    """Seconds of the training and of the validation of every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, float]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Training begins."""
        self.began = time.perf_counter()

    def on_test_begin(self, logs: Any = None) -> None:
        """Validation begins."""
        self.between = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Both have ended."""
        seconds = {"train_seconds": self.between - self.began, "validation_seconds": time.perf_counter() - self.between}
        names = {"train_loss": "loss", "train_accuracy": "accuracy"}
        names |= {"validation_loss": "val_loss", "validation_accuracy": "val_accuracy"}
        self.rows.append(seconds | {own: float(logs[name]) for own, name in names.items()})


def run(folder: Path) -> list[dict[str, float]]:
    """Losses, accuracies and seconds of every epoch."""
    settings = json.loads((folder / "settings.json").read_text())
    images, targets = np.load(folder / "images.npy").transpose(0, 2, 3, 1), np.load(folder / "targets.npy")
    order, watched = np.load(folder / "order.npy"), np.load(folder / "watched.npy")
    keras.utils.set_random_seed(0)
    model = model_of(settings, side=images.shape[1], phases=images.shape[3])
    load(model, load_file(folder / "weights.safetensors"), phases=images.shape[3])
    model.compile(
        keras.optimizers.SGD(settings["learning_rate"], momentum=settings["momentum"]),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    move, clock = augmenter(settings["augment"]), Clock()

    def batches() -> Any:
        # batch sizes differ by one at most, as in the other scripts
        for row in order:
            for part in np.array_split(row, -(-len(row) // settings["batch_size"])):
                yield images[part].astype("float32") / 255, targets[part]

    shape = tf.TensorSpec((None, *images.shape[1:]), tf.float32), tf.TensorSpec((None,), tf.int64)
    train = tf.data.Dataset.from_generator(batches, output_signature=shape)
    train = train.map(lambda pictures, classes: (move(pictures), classes), num_parallel_calls=2).prefetch(2)
    steps = -(-order.shape[1] // settings["batch_size"])
    test = (images[watched].astype("float32") / 255, targets[watched])
    model.fit(
        train.repeat(),
        epochs=settings["epochs"],
        steps_per_epoch=steps,
        validation_data=tf.data.Dataset.from_tensor_slices(test).batch(settings["batch_size"]),
        callbacks=[clock],
        verbose=0,
    )
    return clock.rows


def main() -> None:
    """Trains and prints."""
    print(json.dumps(run(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
