"""QR codes as SVG paths, which stay sharp at any print size."""

from typing import NamedTuple

import segno


class QrCode(NamedTuple):
    """`size` is the side in modules, quiet zone included; `path` an SVG path that fills the dark modules."""

    size: int
    path: str


def draw_qr(content: str) -> QrCode:
    """Encode with error correction level Q: readable with a quarter of the code damaged."""
    code = segno.make(content, error="q", micro=False)
    path = "".join(
        f"M{column},{row}h1v1h-1z"
        for row, modules in enumerate(code.matrix_iter())
        for column, dark in enumerate(modules)
        if dark
    )
    return QrCode(int(code.symbol_size()[0]), path)
