"""MobileNetV2 for grey pictures, with a small head that answers three questions at once."""

import contextlib
import io
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from inference.bundle import OUTPUTS
from ml.config import Config

Network: TypeAlias = Any  # a keras.Model; Keras ships no types
Tensor: TypeAlias = Any  # a tf.Tensor


def build_trunk(weights: str | None, size: int | None = None) -> Network:
    """The convolutional part, from grey squares in [-1, 1] to a map of a 32nd of their side × 1280.

    ImageNet's network wants three equal channels; summing the first kernel over them gives the same outputs
    from one, for a third of the input. Without a size it takes any even multiple of 32.
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
    """Mean-pooled features to ten logits: router, chest branch, cardiac branch."""
    import keras  # noqa: PLC0415

    keras.utils.set_random_seed(seed)
    features = keras.Input((channels,), name="features")
    units = keras.layers.Dense(hidden, activation="relu", name="hidden")(features)
    units = keras.layers.Dropout(dropout, name="dropout")(units)
    return keras.Model(features, keras.layers.Dense(OUTPUTS, name="output")(units), name="head")


def join(trunk: Network, head: Network) -> Network:
    """The whole network with the two outputs that serving reads."""
    import keras  # noqa: PLC0415

    activation = trunk.output
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(activation)
    return keras.Model(trunk.input, {"logits": head(pooled), "map": activation}, name="csss")


def restore(checkpoint: Path, config: Config) -> Network:
    """A trained network, built as its configuration says."""
    trunk = build_trunk(None)
    network = join(trunk, build_head(trunk.output_shape[-1], config.hidden, config.dropout, config.seed))
    network.load_weights(checkpoint)
    return network


def convert(model: Network, size: int) -> bytes:
    """LiteRT in float32: half precision spoils the heat map, and int8 brings no speed."""
    import keras  # noqa: PLC0415
    import tensorflow as tf  # noqa: PLC0415

    still = keras.models.clone_model(model, input_tensors=keras.Input((size, size, 1), 1, name="image"))
    still.set_weights(model.get_weights())
    with contextlib.redirect_stdout(io.StringIO()):  # it prints a page of tensor names
        converted: bytes = tf.lite.TFLiteConverter.from_keras_model(still).convert()
    return converted


def measure_loss(route: Tensor, branch: Tensor, logits: Tensor, smoothing: float) -> Tensor:
    """Mean cross-entropy of the router plus that of each picture's own branch."""
    import tensorflow as tf  # noqa: PLC0415

    def entropy(target: Tensor, part: Tensor) -> Tensor:
        classes = part.shape[-1]
        soft = tf.one_hot(target, classes) * (1 - smoothing) + smoothing / classes
        return tf.nn.softmax_cross_entropy_with_logits(soft, part) * tf.cast(target >= 0, tf.float32)

    route, branch = tf.cast(route, tf.int32), tf.cast(branch, tf.int32)  # Keras hands targets on as floats
    in_chest = tf.where((branch >= 3) & (branch < 8), branch - 3, -1)
    in_cardiac = tf.where(branch >= 8, branch - 8, -1)
    return tf.reduce_mean(
        entropy(route, logits[:, 0:3]) + entropy(in_chest, logits[:, 3:8]) + entropy(in_cardiac, logits[:, 8:10])
    )
