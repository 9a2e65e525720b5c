"""Render a report document to PDF/A-3, without network access or files outside the package."""

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

from models.vocabulary import Modality
from reports.content.canonical import canonical
from reports.content.document import DeniedFetch, Document, Hospital, IncompleteReport, Patient, Stamp, Technique
from reports.content.slip import ClaimSlip
from reports.pdf import text_layer
from reports.pdf.html import compose, compose_slip
from reports.pdf.images import LOGO_KINDS, require_complete

SCHEME: Final = "asset:"
RECORD: Final = "report.json"  # the attachment
OPTIONS: Final[Mapping[str, Any]] = {
    "pdf_variant": "pdf/a-3b",
    "pdf_tags": True,
    "dpi": 250,  # reduces a picture of 1024 pixels to 800: sharp in print, 120 KB instead of 220
    "jpeg_quality": 85,
}


class Assets(URLFetcher):  # type: ignore[misc]  # WeasyPrint carries no types
    """URL fetcher that serves only the given assets. WeasyPrint may suppress the error, so `denied` counts refusals."""

    def __init__(self, available: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=())
        self.assets = available
        self.denied = 0

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002  # WeasyPrint's signature
        body = self.assets.get(url.removeprefix(SCHEME)) if url.startswith(SCHEME) else None
        if body is None:
            self.denied += 1
            raise ValueError("only the report's own assets are served")
        return URLFetcherResponse(url, body)


def render(document: Document) -> bytes:
    """The document as PDF/A-3. Takes some 0.3 s of CPU time: use a PdfPool from an event loop.

    Raises IncompleteReport, UnreadablePicture or DeniedFetch; their messages contain no health data.
    """
    if not document.stamp.draft and (missing := document.missing_parts()):
        raise IncompleteReport(*missing)
    return draw(compose(document), _pictures(document), canonical(document))


def render_slip(slip: ClaimSlip) -> bytes:
    """A claim slip as one page of A5, PDF/A-3."""
    return draw(compose_slip(slip), {})


def warm() -> None:
    """Load fonts and templates and render a page, so that the first report is not slower."""
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


def draw(html: str, available: Mapping[str, bytes], record: bytes | None = None) -> bytes:
    """Lay out HTML that may refer to the `available` assets only. Raises DeniedFetch for any other resource.

    `record` (canonical JSON) is attached to the PDF, for programs.
    """
    text_layer.install()
    LOGGER.setLevel(logging.CRITICAL)  # its warnings quote the page, which contains health data
    assets = Assets(available)
    page = HTML(string=html, url_fetcher=assets, base_url=None)
    attachments = [Attachment(string=record, name=RECORD, relationship="Data")] if record else []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves its colour profile open
        pdf: bytes = page.write_pdf(
            stylesheets=[_style_sheet()], font_config=_fonts(), attachments=attachments, **OPTIONS
        )
    if assets.denied:
        raise DeniedFetch(assets.denied)
    return pdf


@cache
def _fonts() -> FontConfiguration:
    """One font configuration per process: each new one costs 0.7 s and leaks memory."""
    return FontConfiguration()


@cache
def _style_sheet() -> CSS:
    """The style sheet with the package's fonts, parsed once."""
    package = files("reports")
    fonts = {font.name: font.read_bytes() for font in (package / "fonts").iterdir() if font.name.endswith(".woff2")}
    assets = Assets(fonts)
    style_sheet = CSS(
        string=(package / "style.css").read_text(encoding="utf-8"), url_fetcher=assets, font_config=_fonts()
    )
    if assets.denied:
        raise DeniedFetch(assets.denied)
    return style_sheet


def _pictures(document: Document) -> dict[str, bytes]:
    assistance = document.assistance
    pictures = {
        "scan": (document.scan, ("JPEG",)),
        "heatmap": (assistance.heatmap if assistance else None, ("JPEG",)),
        "outlines": (assistance.outlines if assistance else None, ("JPEG",)),
        "logo": (document.hospital.logo, LOGO_KINDS),
    }
    return {name: require_complete(name, data, kinds) for name, (data, kinds) in pictures.items() if data is not None}
