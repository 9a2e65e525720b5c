"""An S3 service for the tests, and a place in its bucket."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import uuid4

from pydantic import SecretStr

from models.files.bucket import Bucket, BucketStore
from tests.support.s3_server import BUCKET, REGION
from tests.support.source import ROOT


class FileService(NamedTuple):
    """The service's port, the key that opens it, and a folder in its bucket."""

    port: int
    key_id: str
    secret: str
    folder: str = ""

    def elsewhere(self) -> "FileService":
        """An empty folder."""
        return self._replace(folder=f"tests/{uuid4()}")

    def settings(self, **changed: Any) -> dict[str, Any]:
        """The settings that name this place."""
        return {
            "files_bucket": f"s3://{BUCKET}/{self.folder}",
            "files_endpoint": f"http://127.0.0.1:{self.port}",
            "files_region": REGION,
            "files_key_id": SecretStr(self.key_id),
            "files_secret": SecretStr(self.secret),
        } | changed

    def variables(self) -> dict[str, str]:
        """The same as environment variables."""
        plain = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in self.settings().items()
        }
        return {f"CSSS_{name.upper()}": value for name, value in plain.items()}

    def store(self) -> BucketStore:
        address = f"http://127.0.0.1:{self.port}"
        return BucketStore(Bucket(address, REGION, BUCKET, self.folder, self.key_id, self.secret))

    def names(self) -> set[str]:
        """The files in this place."""
        return {file.name for file in self.store().files()}


@contextmanager
def file_service() -> Iterator[FileService]:
    """A running service with an empty bucket, which is gone afterwards."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.support.s3_server"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        assert process.stdout
        try:
            yield FileService(**json.loads(process.stdout.readline()))
        finally:
            process.kill()
