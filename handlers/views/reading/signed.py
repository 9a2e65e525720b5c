"""Beside a signed reading: the reasons for a contradiction or for no alert, and disagreement with the model."""

from collections.abc import Callable

from handlers.ui.texts import Html, Texts
from handlers.views.reading.model_answer import model_line
from models.tables.scans import AiFinding, Reading
from models.vocabulary import Band
from workflow.reporting.language import report_language
from workflow.reporting.reading import override_text, ready_reason
from workflow.scans.reading import Reason


def reason_lines(reading: Reading, texts: Texts, fit: Callable[[str], str]) -> list[Html]:
    """The reasons of a signed reading, as the report prints them; none before the signature."""
    if reading.signed_at is None:
        return []
    language, lines = report_language(texts.language), []
    if given := override_text(reading.override, language):
        lines.append(texts("conflict.reason", words=fit(given)))
    if reading.no_alert and reading.band == Band.URGENT:
        lines.append(texts("card.no_alert", words=fit(ready_reason(language, Reason.NO_ALERT, reading.no_alert))))
    return lines


def model_line_beside(finding: AiFinding, reading: Reading | None, texts: Texts) -> Html:
    """The model's answer in one line, with the signing doctor's disagreement."""
    line = model_line(finding, texts)
    if reading is None or reading.signed_at is None or reading.agrees is not False:
        return line
    return texts("card.model_disagreed", answer=line)
