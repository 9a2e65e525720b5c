"""Files in a folder of this machine, or of a disk that several machines share."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from models.crypto.atomic import write_atomic
from models.files.store import NAME, StoredFile, place


class FolderStore:
    """A `FileStore`. The folder is made with the first file; it and the files are open to their owner alone."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, name: str) -> bytes:
        return self._path(name).read_bytes()

    def write(self, name: str, data: bytes, *, new: bool = False) -> None:  # noqa: ARG002 - nothing is gained by it
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(path, data)

    def size(self, name: str) -> int:
        return self._path(name).stat().st_size

    def has(self, name: str) -> bool:
        return self._path(name).exists()

    def delete(self, name: str) -> None:
        path = self._path(name)
        for file in (path, *path.parent.glob(f"{name}.*partial")):
            file.unlink(missing_ok=True)

    def files(self) -> Iterator[StoredFile]:
        for path in sorted(self.root.glob("??/*")):
            if NAME.fullmatch(path.name):
                with suppress(FileNotFoundError):
                    yield StoredFile(path.name, path.stat().st_size)

    def claim(self, mark: bytes) -> bool:  # noqa: ARG002 - the data folder's lock keeps others out
        return True

    def names_before(self, before: datetime) -> set[str]:
        old = (path for path in self.root.glob("??/*") if path.stat().st_mtime < before.timestamp())
        return {name for path in old if NAME.fullmatch(name := path.name.partition(".")[0])}

    def _path(self, name: str) -> Path:
        return self.root / place(name)
