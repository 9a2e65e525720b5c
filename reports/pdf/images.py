"""Check that the pictures of a report are complete."""

from io import BytesIO
from typing import Final

from PIL import Image, ImageFile, UnidentifiedImageError

from reports.content.document import UnreadablePicture

LOGO_KINDS: Final = ("JPEG", "PNG")


def require_complete(name: str, data: bytes, kinds: tuple[str, ...], max_side: int | None = None) -> bytes:
    """Returns `data`. Raises UnreadablePicture(name) for another format, a truncated file, or a side over `max_side`.

    WeasyPrint would silently omit a broken picture."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # WeasyPrint switches it on
    try:
        with Image.open(BytesIO(data), formats=kinds) as picture:
            if max_side is not None and max(picture.size) > max_side:
                raise UnreadablePicture(name)
            picture.load()
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UnreadablePicture(name) from error
    return data
