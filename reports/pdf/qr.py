"""An address as a QR code, drawn as lines that stay sharp at any size."""

import cv2
import numpy as np


def draw_code(address: str) -> tuple[int, str]:
    """The side in modules, quiet zone included, and an SVG path that fills the dark ones.

    A quarter of the code may be smudged before it becomes unreadable (correction level Q).
    """
    settings = cv2.QRCodeEncoder.Params()
    settings.correction_level = cv2.QRCODE_ENCODER_CORRECT_LEVEL_Q
    modules = np.asarray(cv2.QRCodeEncoder.create(settings).encode(address)) == 0
    rows, columns = np.nonzero(modules)
    path = "".join(f"M{column},{row}h1v1h-1z" for row, column in zip(rows, columns, strict=True))
    return modules.shape[0], path
