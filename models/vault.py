"""Files of the clinic on disk, each under a random name that says nothing."""

import os
import re
from datetime import datetime
from pathlib import Path
from uuid import uuid4

NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Vault:
    """Keeps bytes under a UUID. What `put` returned survives a power cut; half a file never has a name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        """Store and return the new file's id. `OSError` (a full disk) leaves nothing behind."""
        name = str(uuid4())
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        try:
            with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.rename(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        return name

    def get(self, name: str) -> bytes:
        return self._path(name).read_bytes()

    def drop(self, name: str) -> None:
        path = self._path(name)
        path.unlink(missing_ok=True)
        path.with_suffix(".partial").unlink(missing_ok=True)

    def names(self, before: datetime) -> set[str]:
        """Files written before this moment, half-written ones too."""
        old = (path for path in self.root.glob("??/*") if path.stat().st_mtime < before.timestamp())
        return {path.stem for path in old if NAME.fullmatch(path.stem)}

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise ValueError("not a name of this vault")
        return self.root / name[:2] / name
