"""A small U-Net for cardiac slices: grey square in, four classes a pixel out."""

from collections.abc import Sequence

from ml.training.network import Network, Tensor

CLASSES = 4


def build_unet(widths: Sequence[int]) -> Network:
    """Strided convolutions down, bilinear up, skips added (after Ronneberger 2015).

    side × side × 1 in [-1, 1] to side × side × CLASSES logits; the side is any multiple of two to the number of widths.
    It works at half the input's resolution at most, and its logits are interpolated to the whole.
    """
    import keras  # noqa: PLC0415  only training needs it

    layers = keras.layers
    image = level = keras.Input((None, None, 1), name="image")
    skips = []
    for width in widths:
        level = convolve(convolve(level, width, stride=2), width)
        skips.append(level)
    level = convolve(skips.pop(), widths[-1])
    for skip in reversed(skips):
        level = layers.Conv2D(skip.shape[-1], 1)(level)
        level = layers.Add()([layers.UpSampling2D(interpolation="bilinear")(level), skip])
        level = convolve(convolve(level, skip.shape[-1]), skip.shape[-1])
    logits = layers.Conv2D(CLASSES, 3, padding="same")(level)
    return keras.Model(image, layers.UpSampling2D(interpolation="bilinear", name="logits")(logits), name="heart")


def convolve(level: Tensor, width: int, stride: int = 1) -> Tensor:
    """3 × 3, normalised, rectified."""
    import keras  # noqa: PLC0415

    level = keras.layers.Conv2D(width, 3, stride, padding="same", use_bias=False)(level)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.97)(level))


def measure_loss(wanted: Tensor, logits: Tensor) -> Tensor:
    """Cross-entropy plus one minus the soft Dice of the three tissues over the batch; `wanted` holds classes."""
    import tensorflow as tf  # noqa: PLC0415

    crossed = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(wanted, tf.int32), logits))
    shares, truth = tf.nn.softmax(logits)[..., 1:], tf.one_hot(tf.cast(wanted, tf.int32), CLASSES)[..., 1:]
    common = tf.reduce_sum(shares * truth, (0, 1, 2))
    total = tf.reduce_sum(shares + truth, (0, 1, 2))
    return crossed + 1 - tf.reduce_mean((2 * common + 1) / (total + 1))
