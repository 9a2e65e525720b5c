"""The film finder's network: a small U-Net of separable convolutions, grey square in, film or not out."""

from collections.abc import Sequence

from inference.film.finder import SIDE
from ml.training.network import Network, Tensor


def build_finder(widths: Sequence[int]) -> Network:
    """SIDE × SIDE × 1 in [-1, 1] to SIDE / 2 × SIDE / 2 × 1 logits."""
    import keras  # noqa: PLC0415  only training needs it

    layers = keras.layers
    image = keras.Input((SIDE, SIDE, 1), name="image")
    level = layers.Conv2D(widths[0], 3, 2, padding="same", use_bias=False)(image)
    level = layers.ReLU()(layers.BatchNormalization(momentum=0.97)(level))
    skips = [level]
    for width in widths[1:]:
        level = convolve(convolve(level, width, stride=2), width)
        skips.append(level)
    level = skips.pop()
    pooled = layers.GlobalAveragePooling2D(keepdims=True)(level)
    level = layers.Multiply()([level, layers.Conv2D(widths[-1], 1, activation="sigmoid")(pooled)])
    for skip in reversed(skips):
        level = layers.Conv2D(skip.shape[-1], 1)(level)
        level = layers.Add()([layers.UpSampling2D(interpolation="bilinear")(level), skip])
        level = convolve(level, skip.shape[-1])
    return keras.Model(image, layers.Conv2D(1, 3, padding="same", name="logits")(level), name="finder")


def convolve(level: Tensor, width: int, stride: int = 1) -> Tensor:
    """3 × 3 for each channel, 1 × 1 across them; normalised, rectified."""
    import keras  # noqa: PLC0415

    level = keras.layers.SeparableConv2D(width, 3, stride, padding="same", use_bias=False)(level)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.97)(level))


def measure_loss(wanted: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy plus one minus the soft Dice of the film over the batch; `wanted` from 0 to 1."""
    import tensorflow as tf  # noqa: PLC0415

    crossed = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(wanted, logits))
    shares = tf.nn.sigmoid(logits)
    return crossed + 1 - (2 * tf.reduce_sum(shares * wanted) + 1) / (tf.reduce_sum(shares + wanted) + 1)
