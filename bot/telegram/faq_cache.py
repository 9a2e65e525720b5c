"""The FAQ as it is at this moment: what the files say, and what administrators taught on top of it."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from faq.answer import Faq
from workflow.faq import teaching
from workflow.faq.teaching import Revision

NOTHING: Revision = (0, None, 0, None)


class Receptionist:
    """Looks with every update whether something was taught or taken back, by this process or another."""

    def __init__(self, files: Faq) -> None:
        self._files, self._now, self._revision = files, files, NOTHING

    async def faq(self, session: AsyncSession) -> Faq:
        revision = await teaching.revision(session)
        if revision != self._revision:
            lessons = await teaching.lessons(session)
            self._now = await asyncio.to_thread(self._files.learn, lessons.phrases, lessons.entries)
            self._revision = revision
        return self._now
