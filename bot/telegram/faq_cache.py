"""The FAQ in use: the entries of the files, extended by what administrators taught."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from faq.answer import Faq
from workflow.faq import teaching
from workflow.faq.teaching import Revision

INITIAL_REVISION: Revision = (0, None, 0, None)


class FaqCache:
    """Rebuilds the FAQ when its revision in the database changed, through this process or another."""

    def __init__(self, files: Faq) -> None:
        self._files, self._current, self._revision = files, files, INITIAL_REVISION

    async def faq(self, session: AsyncSession) -> Faq:
        revision = await teaching.revision(session)
        if revision != self._revision:
            lessons = await teaching.load_taught(session)
            self._current = await asyncio.to_thread(self._files.learn, lessons.phrases, lessons.entries)
            self._revision = revision
        return self._current
