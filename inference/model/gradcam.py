"""Grad-CAM heat maps in closed form, and their overlay on the picture (Selvaraju et al. 2017)."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.model.bundle import Tables
from inference.upload.picture import Picture, encode_jpeg, shrink

FAINT_HEAT: Final = 0.15  # heat below it is not drawn
WEIGHTS: Final = (0.65 * np.clip((np.arange(256) / 255 - FAINT_HEAT) / (1 - FAINT_HEAT), 0, 1) ** 0.7).astype(
    np.float32
)


def draw_heatmap(activation: NDArray[np.float32], tables: Tables, output: int) -> NDArray[np.float32]:
    """Grad-CAM of one logit for the last feature map (side × side × channels), side × side in [0, 1].

    The head is mean pooling, one ReLU layer and one linear layer, so the gradient needs no tape: it is the
    same at every location, W1 · (mask ∘ w2) / side². A positive factor does not survive the normalisation.
    """
    hidden = activation.mean(axis=(0, 1)) @ tables.hidden + tables.hidden_bias
    gradient = tables.hidden @ np.where(hidden > 0, tables.output[:, output], 0)
    heat: NDArray[np.float32] = np.maximum(activation @ gradient, 0).astype(np.float32)
    peak = float(heat.max())
    return heat / np.float32(peak) if peak > 0 else heat


def upsample(heatmap: NDArray[np.float32], shape: tuple[int, int], crop: float) -> NDArray[np.float32]:
    """The heat map at the size of the whole picture (height, width); zero in the cropped border."""
    height, width = shape
    top, left = int(height * crop), int(width * crop)
    inner = cv2.resize(heatmap, (width - 2 * left, height - 2 * top), interpolation=cv2.INTER_CUBIC)
    whole = np.zeros(shape, np.float32)
    whole[top : height - top, left : width - left] = np.clip(inner, 0, 1)
    return whole


def overlay(picture: Picture, heatmap: NDArray[np.float32], crop: float = 0.0, max_side: int = 1024) -> bytes:
    """The picture with the heat map over it, as JPEG bytes.

    The colour map is Cividis, readable with every kind of colour vision. A contour marks half of the peak, so that
    the map survives a black-and-white printer.
    """
    grey = shrink(picture.shown, max_side)
    heat = upsample(heatmap, (grey.shape[0], grey.shape[1]), crop)
    levels = cv2.convertScaleAbs(heat, alpha=255)
    weight, colours = cv2.LUT(levels, WEIGHTS), cv2.applyColorMap(levels, cv2.COLORMAP_CIVIDIS)
    mixed = cv2.blendLinear(colours, cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), weight, 1 - weight)
    hot = (levels > 127).astype(np.uint8)
    lines, _ = cv2.findContours(hot, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(mixed, lines, -1, (255, 255, 255), max(1, max(grey.shape) // 400), cv2.LINE_AA)
    return encode_jpeg(mixed.astype(np.uint8, copy=False))
