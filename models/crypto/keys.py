"""Envelope encryption with crypto-shredding.

Each patient has a data key (DEK) that encrypts their columns and files with AES-256-GCM. Data keys are stored only
wrapped, that is, encrypted under a key-encryption key (KEK, the "master key" of the settings). Deleting a wrapped key
makes everything encrypted under it unreadable in every copy, backups included (crypto-shredding)."""

import os
from collections.abc import Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Insert, LargeBinary, Select, String, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

KEKS: Final = "masters"  # key in `session.info` of the `KeyEncryptionKeys`
DATA_KEYS: Final = "secrets"  # key in `session.info` of the unwrapped data keys
PREFIX: Final = b"CSSS\x01"  # of every ciphertext, followed by the key id, the nonce, and the AES-GCM output
HEADER: Final = len(PREFIX) + 16
NONCE: Final = 12
SessionInfo = MutableMapping[Any, Any]  # `session.info`
HOSPITAL_KEY_ID: Final = str(UUID(int=0))  # key of data that belongs to no patient, such as unfinished forms


class KeyLost(Exception):
    """The data key was wrapped under a key-encryption key that is not configured."""


class Erased(Exception):
    """The person's data key was destroyed: their data can be neither encrypted nor decrypted."""


class WrappedKey(Base):
    """A wrapped data key. Deleting the row makes everything encrypted under it unreadable."""

    __tablename__ = "data_keys"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    master: Mapped[str] = mapped_column(String(16))  # fingerprint of the key-encryption key
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class DataKey(NamedTuple):
    """An unwrapped data key (256 bits) with its id."""

    id: str
    key: bytes

    def encrypt(self, plaintext: bytes, aad: str) -> bytes:
        """The ciphertext with its header. `aad` (associated data) names where it is stored and is authenticated."""
        nonce = os.urandom(NONCE)
        return PREFIX + UUID(self.id).bytes + nonce + AESGCM(self.key).encrypt(nonce, plaintext, aad.encode())

    def decrypt(self, ciphertext: bytes, aad: str) -> bytes:
        """The plaintext. Raises cryptography's InvalidTag for a modified ciphertext, another `aad` or another key."""
        nonce, body = ciphertext[HEADER : HEADER + NONCE], ciphertext[HEADER + NONCE :]
        return AESGCM(self.key).decrypt(nonce, body, aad.encode())


class KeyEncryptionKeys:
    """The key-encryption keys, newest first: the first one wraps, every one unwraps.

    `read` is called before each wrapping and for an unknown fingerprint, so that a running bot follows
    `csss keys rotate`."""

    def __init__(self, read: Callable[[], Sequence[bytes]]) -> None:
        self._read = read
        self._by_fingerprint: dict[str, bytes] = {}

    def wrap(self, data_key: DataKey) -> dict[str, Any]:
        """Wrap under the newest key; returns the columns of `WrappedKey`."""
        kek = self._read()[0]
        wrapped = DataKey(data_key.id, kek).encrypt(data_key.key, _aad(data_key.id))
        return {"id": data_key.id, "master": _fingerprint(kek), "wrapped": wrapped}

    def unwrap(self, key_id: str, master: str, wrapped: bytes) -> DataKey:
        """The data key. Raises KeyLost."""
        if not self.has(master):
            raise KeyLost
        return DataKey(key_id, DataKey(key_id, self._by_fingerprint[master]).decrypt(wrapped, _aad(key_id)))

    def has(self, master: str) -> bool:
        """Whether the key-encryption key with this fingerprint is configured."""
        if master not in self._by_fingerprint:
            self._by_fingerprint = {_fingerprint(key): key for key in self._read()}
        return master in self._by_fingerprint

    def newest_id(self) -> str:
        """Fingerprint of the newest key-encryption key."""
        return _fingerprint(self._read()[0])


def is_encrypted(data: bytes) -> bool:
    """Whether the bytes have a ciphertext header."""
    return data.startswith(PREFIX)


def key_id_of(ciphertext: bytes) -> str:
    """The id of the data key in the ciphertext header."""
    return str(UUID(bytes=ciphertext[len(PREFIX) : HEADER]))


def create_data_key(connection: Connection, keks: KeyEncryptionKeys, key_id: str | None = None) -> DataKey:
    """Create and store a data key. On PostgreSQL a table lock serialises it with `rewrap`."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE data_keys IN ROW EXCLUSIVE MODE"))
    data_key = DataKey(key_id or str(uuid4()), AESGCM.generate_key(256))
    connection.execute(_insert(connection).values(**keks.wrap(data_key), created_at=datetime.now(UTC)))
    return data_key


def find_data_key(connection: Connection, info: SessionInfo, key_id: str | None) -> DataKey | None:
    """The data key, cached in the session; None when there is no such key (any more). Raises KeyLost."""
    data_keys: dict[str | None, DataKey] = info.setdefault(DATA_KEYS, {})
    if key_id not in data_keys:
        row = connection.execute(select(*_COLUMNS).where(WrappedKey.id == key_id)).one_or_none()
        if row is None:
            return None
        data_keys[key_id] = info[KEKS].unwrap(*row)
    return data_keys[key_id]


def load_data_keys(connection: Connection, info: SessionInfo, key_ids: Select[Any]) -> None:
    """Cache the data keys with these ids in the session by one query, where many rows are decrypted. Raises KeyLost."""
    data_keys: dict[str | None, DataKey] = info.setdefault(DATA_KEYS, {})
    for row in connection.execute(select(*_COLUMNS).where(WrappedKey.id.in_(key_ids))):
        data_keys[row.id] = info[KEKS].unwrap(*row)


def hospital_key(connection: Connection, info: SessionInfo) -> DataKey:
    """The data key of data that belongs to no patient; created at first use."""
    found = find_data_key(connection, info, HOSPITAL_KEY_ID)
    if found is None:
        create_data_key(connection, info[KEKS], HOSPITAL_KEY_ID)
        found = find_data_key(connection, info, HOSPITAL_KEY_ID)
    assert found is not None
    return found


async def rewrap(session: AsyncSession, keks: KeyEncryptionKeys) -> int:
    """Wrap every data key under the newest key-encryption key; returns how many. Encrypted data stays unchanged."""
    if session.bind.dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE data_keys IN EXCLUSIVE MODE"))
    rows = (await session.execute(select(*_COLUMNS).where(WrappedKey.master != keks.newest_id()))).all()
    for row in rows:
        wrapped = keks.wrap(keks.unwrap(*row))
        await session.execute(update(WrappedKey).where(WrappedKey.id == row.id).values(**wrapped))
    return len(rows)


async def has_unknown_kek(session: AsyncSession, keks: KeyEncryptionKeys) -> bool:
    """Whether a data key of this database was wrapped under a key-encryption key that is not configured."""
    return not all(keks.has(fingerprint) for fingerprint in await session.scalars(select(WrappedKey.master).distinct()))


_COLUMNS: Final = (WrappedKey.id, WrappedKey.master, WrappedKey.wrapped)


def _insert(connection: Connection) -> Insert:
    """An insert that ignores conflicts: the hospital key may be created concurrently."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    return insert(WrappedKey).on_conflict_do_nothing()


def _fingerprint(kek: bytes) -> str:
    return sha256(b"master key" + kek).hexdigest()[:16]


def _aad(key_id: str) -> str:
    return f"data_keys|{key_id}|wrapped"
