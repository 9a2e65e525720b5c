"""From a document to the bytes of its PDF: no network, no file but the package's own."""

import logging
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Final
from zoneinfo import ZoneInfo

from PIL import Image
from weasyprint import CSS, HTML, LOGGER, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from reports.content.canonical import canonical
from reports.content.document import (
    DeniedFetch,
    Document,
    Hospital,
    IncompleteReport,
    Modality,
    Patient,
    Stamp,
    Technique,
)
from reports.pdf.html import compose
from reports.pdf.images import LOGO_KINDS, whole

SCHEME: Final = "asset:"
RECORD: Final = "report.json"  # the attachment
OPTIONS: Final[Mapping[str, Any]] = {
    "pdf_variant": "pdf/a-3b",
    "pdf_tags": True,
    "dpi": 250,  # a picture of 1024 pixels is brought to 800: sharp on paper, 120 KB instead of 220
    "jpeg_quality": 85,
}


class Assets(URLFetcher):  # type: ignore[misc]  # WeasyPrint carries no types
    """Hands out what it was given and nothing else. WeasyPrint may swallow a refusal, so `denied` counts them."""

    def __init__(self, held: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self.held = held
        self.denied = 0

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002  # WeasyPrint's signature
        body = self.held.get(url.removeprefix(SCHEME)) if url.startswith(SCHEME) else None
        if body is None:
            self.denied += 1
            raise ValueError("only the report's own assets are served")
        return URLFetcherResponse(url, body)


def render(document: Document) -> bytes:
    """A PDF/A-3 of the document. Blocks for some 0.3 s of processor time: call it through a Press from an event loop.

    Raises IncompleteReport, UnreadablePicture or DeniedFetch, whose texts hold no health data.
    """
    if not document.stamp.draft and (missing := document.missing()):
        raise IncompleteReport(*missing)
    return draw(compose(document), _pictures(document), canonical(document))


def warm() -> None:
    """Read fonts and templates and draw a page, so that the first report does not pay for it."""
    now = datetime.now(UTC)
    blank = BytesIO()
    Image.new("L", (8, 8)).save(blank, "JPEG")
    draft = Document(
        hospital=Hospital(name="CSSS"),
        number="0",
        patient=Patient(name="A அ अ", number="0"),
        technique=Technique(modality=Modality.CHEST_XRAY),
        scan=blank.getvalue(),
        issued_at=now,
        zone=ZoneInfo("UTC"),
        stamp=Stamp(draft=True),
    )
    render(draft)


def draw(html: str, held: Mapping[str, bytes], record: bytes | None = None) -> bytes:
    """Lay out one page of HTML that may ask for the `held` assets; anything else it asks for is an error.

    The record, canonical JSON, travels inside the PDF: the text of Indian scripts cannot be read back from the pages.
    """
    LOGGER.setLevel(logging.CRITICAL)  # its warnings quote the page, and a page holds health data
    assets = Assets(held)
    page = HTML(string=html, url_fetcher=assets, base_url=None)
    inside = [Attachment(string=record, name=RECORD, relationship="Data")] if record else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves its colour profile open
        pdf: bytes = page.write_pdf(stylesheets=[_sheet()], font_config=_fonts(), attachments=inside, **OPTIONS)
    if assets.denied:
        raise DeniedFetch(assets.denied)
    return pdf


@cache
def _fonts() -> FontConfiguration:
    """One for the life of the process: each new one costs 0.7 s and leaks."""
    return FontConfiguration()


@cache
def _sheet() -> CSS:
    """The style sheet, parsed once, with the package's fonts read into the shared configuration."""
    own = files("reports")
    fonts = {font.name: font.read_bytes() for font in (own / "fonts").iterdir() if font.name.endswith(".woff2")}
    assets = Assets(fonts)
    sheet = CSS(string=(own / "style.css").read_text(encoding="utf-8"), url_fetcher=assets, font_config=_fonts())
    if assets.denied:
        raise DeniedFetch(assets.denied)
    return sheet


def _pictures(document: Document) -> dict[str, bytes]:
    assistance = document.assistance
    given = {
        "scan": (document.scan, ("JPEG",)),
        "heatmap": (assistance.heatmap if assistance else None, ("JPEG",)),
        "logo": (document.hospital.logo, LOGO_KINDS),
    }
    return {name: whole(name, data, kinds) for name, (data, kinds) in given.items() if data is not None}
