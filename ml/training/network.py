"""MobileNetV2 for grey pictures, with a head of three softmaxes: router, chest, cardiac."""

import contextlib
import io
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import OUTPUTS, ROUTER, SLICES
from ml.training.config import Config

Network: TypeAlias = Any  # a keras.Model; Keras ships no types
Tensor: TypeAlias = Any  # a tf.Tensor


def build_backbone(weights: str | None, size: int | None = None) -> Network:
    """The convolutional part: grey squares in [-1, 1] to a map of (side / 32)² × 1280.

    The first kernel of the ImageNet weights is summed over its three channels, which gives the same outputs for a
    single grey channel. Without a size it accepts any multiple of 32.
    """
    import keras  # noqa: PLC0415  only training needs it

    grey = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(size, size, 1))
    if weights is None:
        return grey
    coloured = keras.applications.MobileNetV2(
        include_top=False, weights="imagenet" if weights == "imagenet" else None, input_shape=(224, 224, 3)
    )
    if weights != "imagenet":
        coloured.load_weights(Path(weights))
    values = coloured.get_weights()
    values[0] = np.sum(values[0], axis=2, keepdims=True)
    grey.set_weights(values)
    return grey


def build_head(channels: int, hidden: int, dropout: float, seed: int) -> Network:
    """Mean-pooled features to OUTPUTS logits: router, chest branch, cardiac branch."""
    import keras  # noqa: PLC0415

    keras.utils.set_random_seed(seed)
    features = keras.Input((channels,), name="features")
    units = keras.layers.Dense(hidden, activation="relu", name="hidden")(features)
    units = keras.layers.Dropout(dropout, name="dropout")(units)
    return keras.Model(features, keras.layers.Dense(OUTPUTS, name="output")(units), name="head")


def join(backbone: Network, head: Network) -> Network:
    """The complete network with its two outputs, `logits` and `map`."""
    import keras  # noqa: PLC0415

    activation = backbone.output
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(activation)
    return keras.Model(backbone.input, {"logits": head(pooled), "map": activation}, name="csss")


def restore(checkpoint: Path, config: Config) -> Network:
    """The trained network of a checkpoint and its configuration."""
    backbone = build_backbone(None)
    network = join(backbone, build_head(backbone.output_shape[-1], config.hidden, config.dropout, config.seed))
    network.load_weights(checkpoint)
    return network


class Precision(StrEnum):
    """Weight format of a converted network."""

    SINGLE = "float32"
    HALF = "float16"
    BYTE = "int8"


def convert(
    model: Network, size: int, precision: Precision = Precision.SINGLE, examples: Sequence[NDArray[np.float32]] = ()
) -> bytes:
    """Convert to LiteRT. int8 calibrates its ranges on `examples` (1 × size × size × 1) and keeps float inputs and
    outputs.

    Serving uses float32: half precision degrades the heat map, int8 also the predictions (command `formats`).
    """
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    still = keras.models.clone_model(model, input_tensors=keras.Input((size, size, 1), 1, name="image"))
    still.set_weights(model.get_weights())
    converter = tf.lite.TFLiteConverter.from_keras_model(still)
    if precision is not Precision.SINGLE:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision is Precision.HALF:
        converter.target_spec.supported_types = [tf.float16]
    if precision is Precision.BYTE:
        converter.representative_dataset = lambda: ([example] for example in examples)
    with contextlib.redirect_stdout(io.StringIO()):  # the converter prints tensor names
        converted: bytes = converter.convert()
    return converted


def measure_loss(expected: Tensor, logits: Tensor) -> Tensor:
    """Mean cross-entropy summed over the applicable softmaxes; `expected` (probabilities) and `logits` are n × OUTPUTS.

    Further columns form one more softmax: the picture's condition."""
    import tensorflow as tf  # noqa: PLC0415

    parts = [ROUTER, *SLICES.values()]
    if logits.shape[1] > OUTPUTS:
        parts.append(slice(OUTPUTS, None))
    return -tf.reduce_mean(sum(tf.reduce_sum(expected[:, p] * tf.nn.log_softmax(logits[:, p]), 1) for p in parts))
