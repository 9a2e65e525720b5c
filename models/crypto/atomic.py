"""Atomic file writes: after a crash a file is complete or absent."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex


def write_atomic(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write `data` durably (fsync, then rename), readable by the owner only.

    Without `overwrite` an existing file is kept: of concurrent writers the first one wins. Raises OSError (disk
    full) and leaves no partial file behind; a killed process may leave one, named `<name>.<random>.partial`."""
    partial = path.with_name(f"{path.name}.{token_hex(4)}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            partial.replace(path)
        else:
            with suppress(FileExistsError):
                path.hardlink_to(partial)
    finally:
        partial.unlink(missing_ok=True)
