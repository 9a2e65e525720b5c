"""Creates LiteRT interpreters without the line that LiteRT prints about its delegate."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

STDERR: Final = 2  # the file descriptor; LiteRT writes to it from C++ and has no log level
_redirecting: Final = threading.Lock()


def create_interpreter(model: bytes, threads: int) -> Any:  # noqa: ANN401  LiteRT ships no types
    """An interpreter of a .tflite model, its tensors allocated. Raises ValueError or RuntimeError for a damaged one."""
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415  loaded only where a network runs

    with _stderr_discarded():
        interpreter = Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
    return interpreter


@contextmanager
def _stderr_discarded() -> Iterator[None]:
    """Send the process's standard error to the null device for a moment, one thread at a time."""
    with _redirecting:
        sys.stderr.flush()
        saved, null = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, STDERR)
            yield
        finally:
            os.dup2(saved, STDERR)
            os.close(saved)
            os.close(null)
