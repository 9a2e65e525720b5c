"""A patient's earlier scans on a card and below the films side by side."""

from collections.abc import Callable

from handlers.ui.texts import Html, Texts
from handlers.views.rejection import stage_text
from models.tables.scans import Scan
from workflow.reporting.history import History, PastScan


def earlier_block(earlier: History, texts: Texts, fit: Callable[[str], str]) -> Html:
    """One line for each of the newest earlier scans, and how many more there are."""
    lines = [texts("card.earlier"), *(past_line(past, texts, fit) for past in earlier.scans)]
    if more := earlier.total - len(earlier.scans):
        lines.append(texts("card.earlier_more", more=more))
    return Html("\n".join(lines))


def past_line(past: PastScan, texts: Texts, fit: Callable[[str], str] = str) -> Html:
    """Number, date and conclusion; before a doctor's signature the stage in place of the conclusion."""
    scan = past.scan
    conclusion = fit(past.conclusion) if past.conclusion else stage_text(scan, texts)
    return texts("card.earlier_line", scan=scan.id, day=texts.date_of(scan.created_at), conclusion=conclusion)


def comparison_caption(scan: Scan, past: PastScan, texts: Texts, fit: Callable[[str], str]) -> Html:
    """Which film is on which side, and the conclusion of the earlier one."""
    days = {"left_day": texts.date_of(past.scan.created_at), "right_day": texts.date_of(scan.created_at)}
    sides = texts("compare.sides", left=past.scan.id, right=scan.id, **days)
    if past.conclusion is None:
        return Html(f"{sides}\n\n{texts('compare.unsigned', scan=past.scan.id)}")
    return Html(f"{sides}\n\n{texts('compare.conclusion', scan=past.scan.id, conclusion=fit(past.conclusion))}")
