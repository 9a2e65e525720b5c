"""The Keras network of a shipped bundle, so that training goes on where it ended."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import Bundle
from inference.model.interpreter import create_interpreter
from inference.model.preprocess import draw_canvas
from ml.data.degraded_views import trim
from ml.data.loader import OodPicture
from ml.data.samples import Row, Split
from ml.training.features import extract
from ml.training.network import Network, build_backbone, build_head
from models.vocabulary import Modality

KERNEL: Final = re.compile(r"(\w+?)_1/(?:convolution$|depthwise;[^;]*/mul$)")  # what the converter calls a constant
BIAS: Final = re.compile(r"(\w+?)_1/batchnorm/sub$")
ORDER: Final = (1, 2, 3, 0)  # from LiteRT's axes of a kernel to Keras'
Values = NDArray[np.float32]
Constants = Mapping[str, Values]  # by layer


def restore_served(bundle: Bundle, dropout: float) -> tuple[Network, Network]:
    """Backbone and head with the weights of the bundle's first network.

    Conversion has folded every batch norm into the kernel before it; the rebuilt ones only add the folded bias, so
    that the outputs are the same.
    """
    tables = bundle.tables
    channels, hidden = tables.hidden.shape
    backbone, head = build_backbone(None), build_head(channels, hidden, dropout, 0)
    constants = read_constants(bundle.model)
    for layer in backbone.layers:
        if type(layer).__name__ in {"Conv2D", "DepthwiseConv2D"}:
            layer.set_weights([constants[layer.name].transpose(ORDER)])
        elif type(layer).__name__ == "BatchNormalization":
            bias = constants[layer.name]
            layer.set_weights([np.ones_like(bias), bias, np.zeros_like(bias), np.full_like(bias, 1 - layer.epsilon)])
    head.get_layer("hidden").set_weights([tables.hidden, tables.hidden_bias])
    head.get_layer("output").set_weights([tables.output, tables.output_bias])
    return backbone, head


def find_anchors(bundle: Bundle, items: Sequence[Row | OodPicture], greys: Sequence[NDArray[np.uint8]]) -> Values:
    """The features of every clean chest film of the training split, cut as in serving; zeros for all other pictures."""
    chests = [
        n
        for n, item in enumerate(items)
        if isinstance(item, Row) and item.modality is Modality.CHEST_XRAY and item.split is Split.TRAIN
    ]
    anchors = np.zeros((len(items), len(bundle.tables.hidden)), np.float32)
    anchors[chests] = extract(bundle.model, np.stack([draw_canvas(trim(greys[n]), bundle.recipe) for n in chests]))
    return anchors


def read_constants(model: bytes) -> Constants:
    """Kernels of the convolutions and folded biases of the batch norms of a converted network, by layer."""
    interpreter = create_interpreter(model, 1)
    details: list[dict[str, Any]] = interpreter.get_tensor_details()
    found = {}
    for detail in details:
        name = {1: BIAS, 4: KERNEL}.get(len(detail["shape"]), BIAS).search(detail["name"])
        if name is not None:
            found[name[1]] = interpreter.get_tensor(detail["index"]).copy()
    return found
