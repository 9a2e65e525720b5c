"""Mean-pooled features of many canvases."""

import numpy as np
from numpy.typing import NDArray

from inference.model.preprocess import scale
from ml.litert import FEATURE_MAP, LiteRtModel


def extract(model: bytes, canvases: NDArray[np.uint8], threads: int = 2) -> NDArray[np.float32]:
    """n × size × size canvases to n × channels features; `model` must have the feature map as an output."""
    network = LiteRtModel(model, threads)
    return np.stack([network.run(scale(canvas)[np.newaxis])[FEATURE_MAP].mean(axis=(0, 1)) for canvas in canvases])
