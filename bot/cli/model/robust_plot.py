"""Draw the rows of `csss robust` as SVG: one bar for each kind and strength."""

from collections.abc import Sequence
from html import escape
from typing import Final

from inference.robustness.measure import Row

LEFT, BAR, LINE, HEAD = 210, 420, 16, 46  # pixels
PARTS: Final = (
    ("certain and right", "#1f4e79"),
    ("certain and wrong", "#d1495b"),
    ("uncertain", "#c9d6e2"),
    ("refused", "#8d99ae"),
)


def draw_plot(rows: Sequence[Row], title: str) -> str:
    """The document: bars from 0 to 1, split into PARTS, with a legend."""
    height = HEAD + LINE * len(rows) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + BAR + 20}" height="{height}" font-size="11">',
        "<style>text { font-family: sans-serif }</style>",
        f'<rect width="100%" height="100%" fill="white"/><text x="8" y="16" font-size="13">{escape(title)}</text>',
    ]
    for number, (name, colour) in enumerate(PARTS):
        at = 8 + number * 150
        lines.append(f'<rect x="{at}" y="24" width="10" height="10" fill="{colour}"/>')
        lines.append(f'<text x="{at + 14}" y="33">{name}</text>')
    for number, row in enumerate(rows):
        lines += draw_bar(row, HEAD + LINE * number)
    return "\n".join([*lines, "</svg>", ""])


def draw_bar(row: Row, top: int) -> list[str]:
    """One row: its name, and the four shares side by side."""
    shares = (row.sure - row.sure_and_wrong, row.sure_and_wrong, 1 - row.sure - row.refused, row.refused)
    words = f"{row.degradation} {row.strength:g} {row.unit}".strip()
    lines = [f'<text x="{LEFT - 6}" y="{top + 11}" text-anchor="end">{escape(words)}</text>']
    start = float(LEFT)
    for share, (_, colour) in zip(shares, PARTS, strict=True):
        width = max(0.0, share) * BAR
        lines.append(f'<rect x="{start:.1f}" y="{top + 1}" width="{width:.1f}" height="{LINE - 3}" fill="{colour}"/>')
        start += width
    return lines
