"""Every person's own data key, wrapped by the house's master key: without the key what it sealed is noise."""

import os
from collections.abc import Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Insert, LargeBinary, String, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

MASTERS: Final = "masters"  # where a session keeps its `Masters`
SECRETS: Final = "secrets"  # and the data keys that it has unwrapped
MARK: Final = b"CSSS\x01"  # what sealed bytes begin with; then the key's id, a nonce, the ciphertext
HEADER: Final = len(MARK) + 16
NONCE: Final = 12
Info = MutableMapping[Any, Any]  # `session.info`
HOUSE: Final = str(UUID(int=0))  # the key of what belongs to no patient yet: half-typed forms


class KeyLost(Exception):
    """No master key at hand opens this data key."""


class Erased(Exception):
    """The person's key was destroyed: nothing can be sealed for them or opened any more."""


class DataKey(Base):
    """Only ever stored wrapped. Removing the row makes unreadable what it sealed, in every copy of it."""

    __tablename__ = "data_keys"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    master: Mapped[str] = mapped_column(String(16))  # which master key wraps it
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Secret(NamedTuple):
    """An unwrapped data key. `place` says where sealed bytes stand: moved elsewhere they do not open."""

    id: str
    key: bytes

    def seal(self, plain: bytes, place: str) -> bytes:
        nonce = os.urandom(NONCE)
        return MARK + UUID(self.id).bytes + nonce + AESGCM(self.key).encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises cryptography's InvalidTag when a bit, the place or the key is another."""
        nonce, body = sealed[HEADER : HEADER + NONCE], sealed[HEADER + NONCE :]
        return AESGCM(self.key).decrypt(nonce, body, place.encode())


class Masters:
    """The master keys, newest first: the first wraps, each opens what it wrapped.

    They are read anew before wrapping and when one is missing, so that a running bot follows `csss keys rotate`."""

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._read = read
        self._known: dict[str, bytes] = {}

    def wrap(self, secret: Secret) -> dict[str, Any]:
        """Under the newest, as the columns of the key's row."""
        newest = self._read()[0]
        wrapped = Secret(secret.id, newest).seal(secret.key, _place(secret.id))
        return {"id": secret.id, "master": _mark(newest), "wrapped": wrapped}

    def unwrap(self, key_id: str, master: str, wrapped: bytes) -> Secret:
        """Raises KeyLost."""
        if not self.know(master):
            raise KeyLost
        return Secret(key_id, Secret(key_id, self._known[master]).open(wrapped, _place(key_id)))

    def know(self, master: str) -> bool:
        if master not in self._known:
            self._known = {_mark(key): key for key in self._read()}
        return master in self._known

    def newest(self) -> str:
        return _mark(self._read()[0])


def is_sealed(data: bytes) -> bool:
    return data.startswith(MARK)


def sealed_by(sealed: bytes) -> str:
    """The id of the key that opens these bytes."""
    return str(UUID(bytes=sealed[len(MARK) : HEADER]))


def make_key(connection: Connection, masters: Masters, key_id: str | None = None) -> Secret:
    """A new data key. On PostgreSQL a rotation waits until it is committed, or it for the rotation."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE data_keys IN ROW EXCLUSIVE MODE"))
    secret = Secret(key_id or str(uuid4()), AESGCM.generate_key(256))
    connection.execute(_insert(connection).values(**masters.wrap(secret), created_at=datetime.now(UTC)))
    return secret


def find_key(connection: Connection, info: Info, key_id: str | None) -> Secret | None:
    """What this session has unwrapped once it keeps. None: there is no such key (any more)."""
    secrets: dict[str | None, Secret] = info.setdefault(SECRETS, {})
    if key_id not in secrets:
        row = connection.execute(select(*_COLUMNS).where(DataKey.id == key_id)).one_or_none()
        if row is None:
            return None
        secrets[key_id] = info[MASTERS].unwrap(*row)
    return secrets[key_id]


def house_key(connection: Connection, info: Info) -> Secret:
    """Made by whoever needs it first."""
    found = find_key(connection, info, HOUSE)
    if found is None:
        make_key(connection, info[MASTERS], HOUSE)
        found = find_key(connection, info, HOUSE)
    assert found is not None
    return found


async def rewrap(session: AsyncSession, masters: Masters) -> int:
    """Wrap every data key under the newest master key; returns how many. What they sealed is not touched."""
    if session.bind.dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE data_keys IN EXCLUSIVE MODE"))
    rows = (await session.execute(select(*_COLUMNS).where(DataKey.master != masters.newest()))).all()
    for row in rows:
        wrapped = masters.wrap(masters.unwrap(*row))
        await session.execute(update(DataKey).where(DataKey.id == row.id).values(**wrapped))
    return len(rows)


async def unknown_masters(session: AsyncSession, masters: Masters) -> bool:
    """Whether something in this database was wrapped by a master key that is not at hand."""
    return not all(masters.know(mark) for mark in await session.scalars(select(DataKey.master).distinct()))


_COLUMNS: Final = (DataKey.id, DataKey.master, DataKey.wrapped)


def _insert(connection: Connection) -> Insert:
    """Of two who make the house's key at the same moment the second finds it made."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return insert(DataKey).on_conflict_do_nothing()


def _mark(master: bytes) -> str:
    return sha256(b"master key" + master).hexdigest()[:16]


def _place(key_id: str) -> str:
    return f"data_keys|{key_id}|wrapped"
