"""Mean-pooled features of many canvases through LiteRT, four times as fast as TensorFlow here."""

import numpy as np
from numpy.typing import NDArray

from inference.model.preprocess import scale


def extract(model: bytes, canvases: NDArray[np.uint8], threads: int = 2) -> NDArray[np.float32]:
    """n × size × size canvases to n × channels; `model` has the feature map as an output."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    interpreter = Interpreter(model_content=model, num_threads=threads)
    interpreter.allocate_tensors()
    image = interpreter.get_input_details()[0]["index"]
    output = next(one["index"] for one in interpreter.get_output_details() if len(one["shape"]) == 4)
    features = []
    for canvas in canvases:
        interpreter.set_tensor(image, scale(canvas)[np.newaxis])
        interpreter.invoke()
        features.append(interpreter.get_tensor(output)[0].mean(axis=(0, 1)))
    return np.stack(features)
