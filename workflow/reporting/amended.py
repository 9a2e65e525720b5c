"""Consistency of an amended reading, by the same table as the first one."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from models.tables.amendments import Amendment, AmendmentState
from models.tables.scans import Reading, Scan
from models.vocabulary import Band, Language
from workflow.consistency.checks import Conflict, conflicts
from workflow.reporting.language import ready_text
from workflow.reporting.reading import ready_sentences


class ProposedChange(NamedTuple):
    """The doctor's changed text. Without findings it is an addendum, and `reason` is the added text."""

    reason: str
    findings: str | None = None
    impression: str | None = None
    recommendations: str | None = None
    band: str | None = None


def contradictions_of(scan: Scan, earlier: Sequence[Amendment], change: ProposedChange) -> Sequence[Conflict]:
    """The contradictions within the changed reading; an addendum changes none.

    New findings take the place of regions, diagnosis and impression; without new advice the printed one stays."""
    if change.findings is None:
        return ()
    text = {"findings": change.findings, "impression": change.impression}
    advice = change.recommendations or _printed_advice(scan, earlier)
    return conflicts(Reading(**text, recommendations=advice, band=change.band or Band.SEE_DOCTOR.value))


def _printed_advice(scan: Scan, earlier: Sequence[Amendment]) -> str | None:
    """The advice of the report as it is now."""
    issued = [one for one in earlier if one.state is AmendmentState.ISSUED and one.recommendations]
    if issued:
        return issued[-1].recommendations
    assert scan.reading is not None
    written = scan.reading.recommendations
    return written or ready_sentences(scan.reading, "advice", partial(ready_text, Language.ENGLISH))
