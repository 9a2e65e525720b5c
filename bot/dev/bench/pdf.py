"""Rendering a report to PDF: cold and warm."""

from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from bot.dev.bench.machine import spread
from reports.content.sample import sample
from reports.pdf.pool import PdfPool


async def measure_pdf(runs: int) -> dict[str, Any]:
    """Seconds until the PDF process is warm and for each report after that, and the size of the PDF."""
    document = sample(datetime.now(UTC))
    press = PdfPool(1)
    try:
        started = perf_counter()
        await press.start()
        warming = perf_counter() - started
        seconds, size = [], 0
        for _ in range(runs):
            began = perf_counter()
            size = len(await press.render(document))
            seconds.append(perf_counter() - began)
    finally:
        await press.close()
    return {"runs": runs, "start_s": round(warming, 2), "warm_s": spread(seconds, digits=3), "bytes": size}
