"""Pictures that go on paper are whole, or the report does not look finished."""

from io import BytesIO
from typing import Final

from PIL import Image, ImageFile, UnidentifiedImageError

from reports.content.document import UnreadablePicture

LOGO_KINDS: Final = ("JPEG", "PNG")


def whole(name: str, data: bytes, kinds: tuple[str, ...], longest: int | None = None) -> bytes:
    """The same bytes. Raises UnreadablePicture(name) for another kind, a part of one, or more pixels a side.

    WeasyPrint would only leave a broken picture out."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # which WeasyPrint switches on
    try:
        with Image.open(BytesIO(data), formats=kinds) as picture:
            if longest is not None and max(picture.size) > longest:
                raise UnreadablePicture(name)
            picture.load()
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise UnreadablePicture(name) from error
    return data
