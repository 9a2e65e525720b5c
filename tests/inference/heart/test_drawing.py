"""The doctor's picture: lines in three colours where the tissues end."""

import cv2
import numpy as np

from inference.heart.drawing import COLOURS, TILE, draw_outlines, draw_sheet
from inference.heart.segmenter import Tissue
from tests.support.hearts import draw_chest, draw_mask, outline_of


def test_each_tissue_s_line_lies_on_its_edge() -> None:
    """Purpose: the cavity's radius of 40 in a view of 256 for 128 pixels is 20 pixels of the slice."""
    drawn = draw_outlines(draw_chest(0), outline_of(draw_mask()), side=1024)
    assert drawn.shape == (1024, 864, 3)
    line = (np.abs(drawn.astype(int) - COLOURS[Tissue.LEFT_VENTRICLE]).sum(axis=2) < 60).nonzero()
    distance = np.hypot(line[0] - 511.5, line[1] - 431.5)
    assert np.median(distance) == np.clip(np.median(distance), 78, 82)


def test_without_an_outline_the_slice_is_only_enlarged() -> None:
    drawn = draw_outlines(draw_chest(0), None, side=512)
    assert drawn.shape == (512, 432, 3)
    assert (drawn[..., 0] == drawn[..., 2]).all()


def test_an_album_is_one_sheet() -> None:
    greys = [draw_chest(level) for level in range(6)]
    sheet = draw_sheet(greys, [outline_of(draw_mask()), None] * 3)
    pixels = cv2.imdecode(np.frombuffer(sheet, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    assert pixels.shape == (2 * TILE, 4 * TILE, 3)
