"""Reading a report back from its PDF."""

import re
from io import BytesIO

from pypdf import PdfReader


def squeezed(text: str) -> str:
    """Without any white space: line breaks and kerned pairs on the PDF do not matter."""
    return re.sub(r"\s+", "", text)


class Sheet(str):
    """The text of one page; `in` ignores the white space that the PDF puts between letters."""

    __slots__ = ()

    def __new__(cls, text: str) -> "Sheet":
        return super().__new__(cls, squeezed(text))

    def __contains__(self, words: object) -> bool:
        return super().__contains__(squeezed(str(words)))

    def find(self, words: str, *span: int) -> int:
        return super().find(squeezed(words), *span)

    def count(self, words: str, *span: int) -> int:
        return super().count(squeezed(words), *span)


def pages(pdf: bytes) -> list[Sheet]:
    return [Sheet(page.extract_text()) for page in PdfReader(BytesIO(pdf)).pages]


def pictures_in(pdf: bytes) -> set[str]:
    """The pictures of a PDF by their names, each once."""
    return {image.name for page in PdfReader(BytesIO(pdf)).pages for image in page.images}
