"""All output of the process with the logging of `csss run`."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

from bot.observability.logs import configure_logging


@contextmanager
def written_output(level: int = logging.INFO) -> Iterator[StringIO]:
    """Standard output, standard error and the log, until the end of the block; then everything is as before."""
    output, root, server = StringIO(), logging.getLogger(), logging.getLogger("aiohttp.server")
    handlers, before, streams, filters = root.handlers[:], root.level, (sys.stdout, sys.stderr), server.filters[:]
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    sys.stdout = sys.stderr = output
    configure_logging("json", level)
    try:
        yield output
    finally:
        sys.stdout, sys.stderr = streams
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        logging.captureWarnings(False)
        root.handlers[:], server.filters[:] = handlers, filters
        root.setLevel(before)
