"""One page of a worklist; what it shows of each scan is recorded."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from bot.services import Services
from bot.web.shared.session import acting
from models.base import read_only
from models.tables.amendments import Amendment
from models.tables.scans import Scan
from workflow.actors import Actor
from workflow.audit import chain
from workflow.model_watch import quality
from workflow.queue import worklist
from workflow.queue.worklist import Place, QueueFilter
from workflow.reporting import amendments

ROWS: Final = 25  # of a page


class Worklist(NamedTuple):
    """`rows`: of this page, most urgent first. `page` and `last` count from 0; `total` is of the whole worklist."""

    rows: Sequence[tuple[Scan, Place]]
    changes: Sequence[Amendment]  # of reports; on the first page of the unfiltered worklist
    counts: Mapping[QueueFilter, int]
    total: int
    page: int
    last: int


async def read(services: Services, actor: Actor, part: QueueFilter, page: int, shown: Collection[int] = ()) -> Worklist:
    """The page, or the last one where there are fewer. Scans in `shown` were recorded before."""
    now = services.now()
    async with read_only(services.sessions) as session:
        every = await worklist.queue(session, actor, now, await quality.is_model_enabled(session))
        changes = await amendments.amendments_waiting_for(session, actor.role)
    filtered = [place for place in every if part.matches(place, actor.account_id)]
    last = max(len(filtered) - 1, 0) // ROWS
    page = min(page, last)
    places = {place.scan_id: place for place in filtered[page * ROWS :][:ROWS]}
    async with acting(services) as session:
        scans = await worklist.page_of(session, actor, list(places.values()))
        for scan in scans:
            if scan.id not in shown:
                await chain.record_read(session, actor, scan, "queue", now)
    return Worklist(
        rows=[(scan, places[scan.id]) for scan in scans],
        changes=changes if part is QueueFilter.ALL and not page else (),
        counts={one: sum(one.matches(place, actor.account_id) for place in every) for one in QueueFilter},
        total=len(every),
        page=page,
        last=last,
    )
