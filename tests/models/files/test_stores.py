"""A folder and a bucket keep a vault's files alike."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import obstore
import pytest
from cryptography.exceptions import InvalidTag

from models.crypto.keys import DataKey
from models.crypto.vault import Content, Vault
from models.files import bucket
from models.files.folder import FolderStore
from models.files.store import FileStore, Unavailable, place
from tests.support.s3 import FileService

DAY = timedelta(days=1)
KEY = DataKey(str(uuid4()), bytes(32))
CALLERS = 20
LARGE = 6_000_000  # bytes: more than a part of a multipart upload


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "folder":
        return FolderStore(tmp_path / "vault")
    service: FileService = request.getfixturevalue("files")
    return service.store()


def test_a_vault_keeps_lists_and_deletes_its_files_and_notices_any_change(store: FileStore) -> None:
    vault = Vault(store)
    pictures = {vault.put(bytes(size), KEY, Content.PICTURE): size for size in (0, 1, 1000, LARGE)}
    assert {file.name: file.size for file in store.files()} == {name: vault.size(name) for name in pictures}
    assert [file.name for file in store.files()] == sorted(pictures)
    for name, size in pictures.items():
        assert vault.has(name)
        assert vault.get(name, KEY, Content.PICTURE) == bytes(size)
        assert bytes(1000) not in store.read(name), "it is encrypted before the store gets it"
        with pytest.raises(InvalidTag):
            vault.get(name, KEY, Content.REPORT)
    first, other = sorted(pictures)[:2]
    store.write(first, store.read(other))
    with pytest.raises(InvalidTag):
        vault.get(first, KEY, Content.PICTURE)
    assert vault.names_before(datetime.now(UTC) + DAY) == set(pictures)
    assert vault.names_before(datetime.now(UTC) - DAY) == set()
    for name in pictures:
        vault.delete(name)
        vault.delete(name)
        assert not vault.has(name)
    assert [*store.files()] == []


ABSENT: dict[str, Callable[[FileStore], object]] = {
    "read": lambda store: store.read(str(uuid4())),
    "size": lambda store: store.size(str(uuid4())),
}
NO_NAME: dict[str, Callable[[FileStore, str], object]] = {
    "read": lambda store, name: store.read(name),
    "write": lambda store, name: store.write(name, b"x"),
    "size": lambda store, name: store.size(name),
    "has": lambda store, name: store.has(name),
    "delete": lambda store, name: store.delete(name),
}


def test_a_missing_file_is_named_so_and_no_other_name_leads_anywhere(store: FileStore) -> None:
    for ask in ABSENT.values():
        with pytest.raises(FileNotFoundError):
            ask(store)
    for act in NO_NAME.values():
        for name in ("", "..", "../secret.key", "0f/x", f"{uuid4()}.partial", str(uuid4()).upper()):
            with pytest.raises(ValueError, match="not a vault file name"):
                act(store, name)


@pytest.mark.slow
def test_a_bucket_overwrites_no_new_file_and_leaves_what_is_not_the_vaults_alone(files: FileService) -> None:
    store, name = files.store(), str(uuid4())
    store.write(name, b"first", new=True)
    store.write(name, b"first", new=True)  # an attempt whose answer was lost
    with pytest.raises(Unavailable, match="another file of this name"):
        store.write(name, b"second", new=True)
    assert store.read(name) == b"first"
    for path in ("0f/notes.txt", f"00/{name}", name, f"deeper/{place(name)}"):
        obstore.put(store._store, path, b"theirs")
    assert files.names() == store.names_before(datetime.now(UTC) + DAY) == {name}


@pytest.mark.slow
def test_a_bucket_belongs_to_the_first_installation_that_claims_it(files: FileService) -> None:
    assert [files.store().claim(mark) for mark in (b"ours", b"ours", b"theirs", b"ours")] == [True, True, False, True]
    assert files.names() == set()


TROUBLE = {
    "a key that is not known": ({"key_id": "AKIASOMEBODYELSE"}, "refuses the key"),
    "another secret": ({"secret": "of another key"}, "refuses the key"),
    "nobody listens": ({"port": 9}, "does not answer"),
}
ACTS: dict[str, Callable[[FileStore], object]] = ABSENT | {
    "write": lambda store: store.write(str(uuid4()), b"x", new=True),
    "overwrite": lambda store: store.write(str(uuid4()), b"x"),
    "has": lambda store: store.has(str(uuid4())),
    "delete": lambda store: store.delete(str(uuid4())),
    "files": lambda store: [*store.files()],
    "names_before": lambda store: store.names_before(datetime.now(UTC)),
    "claim": lambda store: store.claim(b"ours"),
}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLE)
def test_a_service_that_is_away_or_refuses_is_an_error_of_the_system_that_names_no_secret(
    trouble: str, files: FileService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a full disk is; never the answer that there is no such file. Settings of AWS beside ours change nothing."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    files.store().write(str(uuid4()), b"x")
    changed, sentence = TROUBLE[trouble]
    store = files._replace(**changed).store()
    for name, act in ACTS.items():
        with pytest.raises(Unavailable, match=sentence) as caught:
            act(store)
        shown = f"{caught.value!r} {caught.value}"
        assert not any(secret in shown for secret in (files.secret, files.key_id, files.folder, "127.0.0.1")), name


@pytest.mark.slow
def test_a_service_that_is_silent_holds_up_one_thread_of_many(
    files: FileService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket, "REQUEST", timedelta(seconds=0.5))
    monkeypatch.setattr(bucket, "RETRY", bucket.RETRY | {"max_retries": 0})
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent, ThreadPoolExecutor(CALLERS) as threads:
        store = files._replace(port=silent.getsockname()[1]).store()
        with pytest.raises(Unavailable):
            store.has(str(uuid4()))
        calls = [threads.submit(store.read, str(uuid4())) for _ in range(CALLERS)]
        assert {type(call.exception()) for call in calls} == {Unavailable}
        silent.setblocking(False)
        assert len([*_waiting(silent)]) < CALLERS / 2


STATUSES = {
    400: "refuses the request .status 400.",
    301: "names another region",
    403: "refuses the key",
    501: "refuses the request .status 501.",
    503: "does not answer",
}


@pytest.mark.slow
@pytest.mark.parametrize("status", STATUSES)
def test_each_refusal_has_its_sentence(status: int, files: FileService, monkeypatch: pytest.MonkeyPatch) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(bucket, "RETRY", bucket.RETRY | {"max_retries": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            with pytest.raises(Unavailable, match=STATUSES[status]):
                files._replace(port=server.server_port).store().write(str(uuid4()), b"x", new=True)
        finally:
            server.shutdown()


def _waiting(server: socket.socket) -> Iterator[socket.socket]:
    """Connections that nobody has accepted."""
    with suppress(BlockingIOError):
        while True:
            connection, _ = server.accept()
            connection.close()
            yield connection


@pytest.mark.slow
def test_a_bucket_that_does_not_exist_is_no_empty_one(files: FileService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.s3.BUCKET", "no-such-bucket")
    store = files.store()
    for name, act in ACTS.items():
        if name not in {"size", "has"}:  # the answer to HEAD has no body
            with pytest.raises(Unavailable, match="no such bucket"):
                act(store)
