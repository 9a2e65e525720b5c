"""Files in memory, by file_id."""

import asyncio
import mimetypes
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final

from bot.dev.sandbox.api.calls import Upload
from bot.dev.sandbox.api.responses import Json, bad_request
from bot.dev.sandbox.photos import Size, photo_sizes

DOWNLOAD_LIMIT: Final = 20 * 1024 * 1024
NO_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`shown` is the PhotoSize, Document or Voice object that messages carry."""

    kind: str
    path: str
    data: bytes
    type: str
    shown: Json

    @property
    def file_id(self) -> str:
        return str(self.shown["file_id"])


@dataclass
class FileStore:
    """All files of both sides; `_albums` maps each photo size to its other sizes."""

    bot_id: int
    _files: dict[str, StoredFile] = field(default_factory=dict)
    _paths: dict[str, StoredFile] = field(default_factory=dict)
    _albums: dict[str, list[str]] = field(default_factory=dict)

    async def add_photo(self, data: bytes) -> list[Json]:
        """The `photo` of a message, smallest size first."""
        if not data:
            raise bad_request("file must be non-empty")
        sizes = await asyncio.to_thread(photo_sizes, data)
        shown = [self._add_size(size) for size in sizes]
        for one in shown:
            self._albums[one["file_id"]] = [other["file_id"] for other in shown]
        return shown

    def add_document(self, upload: Upload) -> Json:
        """The `document` of a message; the bytes stay as they are."""
        if not upload.data:
            raise bad_request("file must be non-empty")
        name = PurePosixPath(upload.name.replace("\\", "/")).name or "file"
        guessed = mimetypes.guess_type(name)[0]
        media_type = upload.type if upload.type not in {"", NO_TYPE} else guessed or NO_TYPE
        shown = self._ids("BQACAgIAAxk") | {"file_name": name, "mime_type": media_type, "file_size": len(upload.data)}
        path = f"documents/file_{len(self._files)}{PurePosixPath(name).suffix}"
        self._keep(StoredFile("Document", path, upload.data, media_type, shown))
        return shown

    def add_voice(self, upload: Upload) -> Json:
        """The `voice` of a message; the sender gives the duration."""
        shown = self._ids("AwACAgIAAxk") | {"mime_type": "audio/ogg", "file_size": len(upload.data)}
        self._keep(StoredFile("Voice", f"voice/file_{len(self._files)}.oga", upload.data, "audio/ogg", shown))
        return shown

    def photo(self, file_id: str) -> list[Json]:
        """A photo sent again by the id of any of its sizes."""
        self._reused(file_id, "Photo")
        return [self._files[one].shown for one in self._albums[file_id]]

    def document(self, file_id: str) -> Json:
        return self._reused(file_id, "Document").shown

    def voice(self, file_id: str) -> Json:
        return self._reused(file_id, "Voice").shown

    def find(self, file_id: str) -> StoredFile | None:
        return self._files.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        return self._paths.get(path)

    def described(self, file_id: str) -> Json:
        """The File object of getFile; larger files than 20 MB cannot be fetched by a bot."""
        stored = self._files.get(file_id)
        if stored is None:
            raise bad_request("invalid file_id")
        if len(stored.data) > DOWNLOAD_LIMIT:
            raise bad_request("file is too big")
        ids = {key: stored.shown[key] for key in ("file_id", "file_unique_id")}
        return ids | {"file_size": len(stored.data), "file_path": stored.path}

    def _reused(self, file_id: str, kind: str) -> StoredFile:
        if file_id.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        stored = self._files.get(file_id)
        if stored is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if stored.kind != kind:
            raise bad_request(f"can't use file of type {stored.kind} as {kind}")
        return stored

    def _add_size(self, size: Size) -> Json:
        shown = self._ids("AgACAgIAAxk") | {"width": size.width, "height": size.height, "file_size": len(size.data)}
        self._keep(StoredFile("Photo", f"photos/file_{len(self._files)}.jpg", size.data, "image/jpeg", shown))
        return shown

    def _keep(self, stored: StoredFile) -> None:
        self._files[stored.file_id] = self._paths[stored.path] = stored

    def _ids(self, prefix: str) -> Json:
        """Ids that do not reveal their order."""
        digest = sha256(f"{self.bot_id}/{len(self._files)}".encode()).digest()
        return {
            "file_id": prefix + urlsafe_b64encode(digest[:27]).decode(),
            "file_unique_id": "AQAD" + urlsafe_b64encode(digest[27:]).decode().rstrip("="),
        }
