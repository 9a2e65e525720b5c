"""Reading of typed text in threads of its own, so that a long or hostile message holds up nobody else."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

T = TypeVar("T")
MAX_INLINE: Final = 200  # characters after folding that are read at once: a few milliseconds; cries for help are short
_THREADS: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="text")


async def read_text(text: str, read: Callable[[], T]) -> T:
    """The result of `read`, which reads `text`: at once when it is short, else in a thread."""
    if len(text) <= MAX_INLINE and len(unicodedata.normalize("NFKC", text)) <= MAX_INLINE:
        return read()
    return await asyncio.get_running_loop().run_in_executor(_THREADS, read)
