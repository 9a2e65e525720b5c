"""How a scan that was closed without a report is shown: as sent back, or as the same picture as an earlier scan."""

from handlers.ui.texts import Html, Texts
from models.tables.scans import Scan
from workflow.scans.queries import is_duplicate


def rejection_reason(scan: Scan, texts: Texts) -> str:
    """The reason of a rejection; ready reasons are stored as keys, so that each reader sees their own language."""
    stored = scan.reason or ""
    return texts.plain(stored) if stored.startswith("reason.") and texts.has(stored) else stored


def rejection_line(scan: Scan, texts: Texts, reason: str) -> Html:
    """Why a rejected scan ended; `reason` is `rejection_reason`, shortened where there is little room."""
    if is_duplicate(scan) and scan.same_as:
        return texts("card.duplicate", scan=scan.same_as["scan"])
    return texts("card.rejected", reason=reason)


def stage_text(scan: Scan, texts: Texts) -> str:
    return texts.plain("stage.duplicate" if is_duplicate(scan) else f"stage.{scan.status}")
