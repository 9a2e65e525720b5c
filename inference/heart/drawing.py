"""The outlines over a slice, for the doctor's card."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.heart.segmenter import Outline, Tissue
from inference.upload.picture import encode_jpeg, shrink

# BGR of Okabe and Ito's palette, told apart with every kind of colour vision
COLOURS: Final = {
    Tissue.RIGHT_VENTRICLE: (233, 180, 86),
    Tissue.MUSCLE: (0, 159, 230),
    Tissue.LEFT_VENTRICLE: (66, 228, 240),
}
SIDE: Final = 768  # pixels of the longest side: small slices are enlarged so that the lines stay thin
TILE: Final = 256  # pixels of a slice's square on a sheet
SUBPIXELS: Final = 4  # bits


def draw_outlines(grey: NDArray[np.uint8], outline: Outline | None, side: int = SIDE) -> NDArray[np.uint8]:
    """A slice (height × width) with its outlines, BGR, its longest side `side` pixels."""
    height, width = grey.shape
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    grey = shrink(grey, side)
    drawn = cv2.cvtColor(cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    if outline is not None:
        for tissue, colour in COLOURS.items():
            lines = trace(outline, tissue, size[1] / outline.shape[0])
            cv2.polylines(drawn, lines, True, colour, max(1, side // 400), cv2.LINE_AA, SUBPIXELS)
    return np.asarray(drawn, np.uint8)


def trace(outline: Outline, tissue: Tissue, scale: float) -> list[NDArray[np.int32]]:
    """Outer edges of one tissue on the slice enlarged by `scale`, in 16ths of a pixel; the muscle's with its cavity."""
    marked = outline.mask >= tissue if tissue is Tissue.MUSCLE else outline.mask == tissue
    edges, _ = cv2.findContours(marked.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    back = cv2.invertAffineTransform(outline.view.matrix(len(outline.mask)))
    lines = []
    for edge in edges:
        places = edge[:, 0].astype(np.float64) @ back[:, :2].T + back[:, 2]
        lines.append(np.round(((places + 0.5) * scale - 0.5) * 2**SUBPIXELS).astype(np.int32)[:, np.newaxis])
    return lines


def draw_sheet(greys: Sequence[NDArray[np.uint8]], outlines: Sequence[Outline | None], across: int = 4) -> bytes:
    """All slices of an album with their outlines on one sheet, as JPEG bytes."""
    tiles = [center(draw_outlines(grey, outline, TILE)) for grey, outline in zip(greys, outlines, strict=True)]
    across = min(across, len(tiles))
    tiles += [np.zeros((TILE, TILE, 3), np.uint8)] * (-len(tiles) % across)
    rows = [np.hstack(tiles[start : start + across]) for start in range(0, len(tiles), across)]
    return encode_jpeg(np.vstack(rows))


def center(drawn: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """In the middle of a black TILE × TILE square."""
    square = np.zeros((TILE, TILE, 3), np.uint8)
    height, width = drawn.shape[:2]
    top, left = (TILE - height) // 2, (TILE - width) // 2
    square[top : top + height, left : left + width] = drawn
    return square
