"""Photo sizes as Telegram makes them: JPEGs of about 90, 320, 800 and 1280 pixels."""

from typing import Final, NamedTuple

import cv2
import numpy as np

from bot.dev.sandbox.api.responses import bad_request

SIDES: Final = (90, 320, 800, 1280)
QUALITY: Final = 87
BYTES_LIMIT: Final = 10 * 1024 * 1024
SIDES_LIMIT: Final = 10_000
RATIO_LIMIT: Final = 20


class Size(NamedTuple):
    """One JPEG; width and height in pixels."""

    width: int
    height: int
    data: bytes


def photo_sizes(data: bytes) -> list[Size]:
    """Sizes, smallest first, the longest side at most 1280. Raises ApiError for data that is no photo."""
    if len(data) > BYTES_LIMIT:
        raise bad_request(
            f"file of size {len(data)} bytes is too big for a photo; the maximum size is {BYTES_LIMIT} bytes"
        )
    image = _decoded(data)
    height, width = image.shape[:2]
    if width + height > SIDES_LIMIT or max(width, height) > RATIO_LIMIT * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    longest = max(width, height)
    sides = [side for side in SIDES if side < longest] + [min(longest, SIDES[-1])]
    return [_scaled(image, side) for side in dict.fromkeys(sides)]


def _decoded(data: bytes) -> cv2.typing.MatLike:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:
        raise bad_request("IMAGE_PROCESS_FAILED") from error
    if image is None:
        raise bad_request("IMAGE_PROCESS_FAILED")
    return image


def _scaled(image: cv2.typing.MatLike, side: int) -> Size:
    height, width = image.shape[:2]
    scale = side / max(width, height)
    if scale < 1:
        target = (max(1, round(width * scale)), max(1, round(height * scale)))
        image = cv2.resize(image, target, interpolation=cv2.INTER_AREA)
    ok, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert ok
    height, width = image.shape[:2]
    return Size(width, height, coded.tobytes())
