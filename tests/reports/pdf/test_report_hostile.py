"""Typed text is only text on the PDF: no address is called, no file is read, and it is printed as typed."""

import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from weasyprint import HTML

from models.vocabulary import Band, ReportStatus
from reports.content.document import (
    AmendmentSection,
    Attestation,
    DeniedFetch,
    Hospital,
    Indication,
    Medicine,
    PrescriptionSection,
    Summary,
)
from reports.content.reading import CriticalResultSection, EarlierScan, Opinion, ReadingSection, Region, RegionFinding
from reports.pdf.render import draw, render
from tests.support.pdf import Sheet, pages, squeezed

NOTES = """
<img src="HTTP/1">
<img src='FILE'>
<img srcset="HTTP/2 2x" src="HTTP/3">
<img src=data:image/svg+xml;base64,PHN2Zy8+>
<svg><image href="HTTP/4" width="9" height="9"/></svg>
<svg><image xlink:href="FILE"/></svg>
<svg><use href="HTTP/5#a"/></svg>
<svg><style>@import url(HTTP/6);</style></svg>
<svg xmlns="http://www.w3.org/2000/svg" onload="fetch('HTTP/7')"/>
<style>@import "HTTP/8";</style>
<style>@import url(FILE);</style>
<style>body { background: url(HTTP/9) }</style>
<style>* { list-style-image: url(FILE) }</style>
<style>@font-face { font-family: x; src: url(HTTP/10) } body { font-family: x }</style>
<style>@page { @top-left { content: url(HTTP/11) } }</style>
<style>p::after { content: url(FILE) }</style>
<style>.computer, .watermark { display: none }</style>
</style><style>body { display: none }
<p style="background-image: url(HTTP/12)">x</p>
<p style="background: url('FILE')">x</p>
<p style="content: attr(x url, 'HTTP/13')">x</p>
<link rel="stylesheet" href="HTTP/14">
<link rel="stylesheet" href="FILE">
<link rel="attachment" href="FILE">
<a rel="attachment" href="FILE">take it</a>
<a href="HTTP/15">press me</a>
<base href="HTTP/16/">
<meta http-equiv="refresh" content="0; url=HTTP/17">
<iframe src="HTTP/18"></iframe>
<object data="FILE" type="image/svg+xml"></object>
<embed src="HTTP/19">
<video poster="HTTP/20"></video>
<script src="HTTP/21"></script><script>alert(1)</script>
<!DOCTYPE x [<!ENTITY e SYSTEM "FILE">]><x>&e;</x>
&lt;img src="HTTP/22"&gt; &#60;b&#62;
{{ 7 * 7 }} {% include "FILE" %} {{ document.__class__ }}
"><img src=HTTP/23 alt="
--><!-- </section></main></body></html><h1>Signed: nobody</h1>
<![CDATA[<img src="HTTP/24">]]>
asset:scan url(asset:scan) <img src="asset:heatmap">
""".strip().splitlines()
SECRET = "the content of a file that no report may hold"


class Canary(BaseHTTPRequestHandler):
    """Counts every connection."""

    called: list[str]

    def do_GET(self) -> None:
        self.called.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing: pytest's output shows the results only."""


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    called: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Counting", (Canary,), {"called": called}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", called
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "secret.svg"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="20"><text y="9">{SECRET}</text></svg>'
    )
    return path.as_uri()


@pytest.fixture
def notes(canary, secret) -> list[str]:
    return [note.replace("HTTP", canary[0]).replace("FILE", secret) for note in NOTES]


def everywhere(document, typed: str):
    """The same text in every field that a person can fill."""
    act = Attestation(name=typed, at=document.issued_at, registration=typed)
    at = document.issued_at
    reading = ReadingSection(
        findings=typed,
        regions=tuple(RegionFinding(region=region, text=typed) for region in (Region.LUNGS, Region.PLEURA)),
        own=typed,
        impression=typed,
        recommendations=typed,
        comparison=(EarlierScan(on=at.date(), modality="chest_xray", number=typed, impression=typed),),
        opinion=Opinion(agrees=False, reason=typed),
        critical=CriticalResultSection(finding=typed, told=typed, told_at=at, acknowledged_at=at),
    )
    line = dict.fromkeys(("drug", "dose", "route", "frequency", "duration", "remarks"), typed)
    return replace(
        document,
        hospital=Hospital(name=typed, address=typed, contact=typed),
        number=typed,
        patient=replace(document.patient, name=typed, number=typed, contact=typed),
        indication=Indication(symptoms=typed, since=typed, referrer=typed),
        technique=replace(document.technique, description=typed, quality=typed),
        reading=reading,
        status=ReportStatus.AMENDED,
        amendment=AmendmentSection(replaces=1, reason=typed),
        summary=Summary(band=Band.URGENT, text=typed, steps=(typed,)),
        assistance=replace(document.assistance, model=typed, version=typed),
        prescription=PrescriptionSection(lines=(Medicine(**line),), note=typed),
        doctor=act,
        pharmacist=act,
        administrator=act,
    )


def test_the_canary_would_sing(canary, notes):
    urllib.request.urlopen(canary[0] + "/control").close()
    for number in (0, 4, 9, 21):
        HTML(string=f"<p>{notes[number]}").write_pdf()

    assert canary[1][0] == "/control"
    assert {"/1", "/4", "/8", "/14"} <= set(canary[1])


@pytest.mark.slow
def test_forty_hostile_notes_are_shown_as_typed_and_call_nobody(amina, canary, notes):
    assert len(notes) == 40
    few = [notes[at : at + 8] for at in range(0, 40, 8)]  # few enough for one page: a footer would split a note
    drawn = [pages(render(replace(amina, reading=ReadingSection(findings="\n".join(some))))) for some in few]
    shown = squeezed("".join(page for report in drawn for page in report))

    assert [note for note in notes if squeezed(note) not in shown] == []
    assert canary[1] == []
    assert SECRET not in shown


@pytest.mark.slow
def test_no_field_of_the_report_lets_a_note_out(amina, canary, notes):
    pdf = render(everywhere(amina, " ".join(notes[number] for number in (0, 4, 6, 9, 20, 23, 24, 33))))
    reader = PdfReader(BytesIO(pdf))

    assert canary[1] == []
    assert SECRET not in "".join(page.extract_text() for page in reader.pages)
    assert not [page for page in reader.pages if "/Annots" in page], "a typed link became a link"


def test_a_typed_style_hides_nothing(amina, notes):
    text = Sheet("".join(pages(render(everywhere(amina, notes[16] + notes[17])))))

    assert "Not a diagnosis" in text
    assert "Lung opacity" in text


@pytest.mark.parametrize("number", [0, 1, 3, 4, 5, 9, 10, 11, 13, 18, 19, 21, 23, 24, 29, 30])
def test_even_a_note_that_were_not_escaped_would_be_refused(canary, notes, number):
    with pytest.raises(DeniedFetch):
        draw(f"<html lang=en><title>.</title>{notes[number]}<p>x</p>", {})

    assert canary[1] == []


def test_what_people_typed_reaches_no_log_even_if_it_broke_the_page(caplog):
    draw("<html lang=en><title>.</title><style>Amina { has: pneumonia } <p>Amina</style><img><p style='x'>x", {})

    assert caplog.text == ""


def test_the_package_itself_is_closed_to_typed_addresses():
    with pytest.raises(DeniedFetch):
        draw("<html lang=en><title>.</title><img src='asset:../render.py'>", {"scan": b""})
