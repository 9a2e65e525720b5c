"""Threat: a thief copies the disk, the database or a backup and searches it for health data."""

import asyncio
import json
import stat
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from cryptography.exceptions import InvalidTag
from pydantic import SecretStr
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from bot.__main__ import app
from bot.app import Engines, NotUpgraded, build_app
from bot.dev.demo import DemoSettings
from bot.secrets import MASTER_FILE, drop_old_keys, master_keys, prepend_new_key
from models.base import Sessions, open_engine
from models.crypto.keys import (
    DataKey,
    Erased,
    KeyEncryptionKeys,
    KeyLost,
    WrappedKey,
    create_data_key,
    is_encrypted,
    rewrap,
)
from models.crypto.vault import Content, Vault
from models.files.folder import FolderStore
from models.post_upgrade import encrypt_files, vacuum
from models.schema import config, upgrade
from models.tables.accounts import Account, load_patient_key
from models.tables.chats import Form
from models.tables.clarifications import Clarification
from models.tables.desk import UrgencyQuestion
from models.tables.readings import ReadingPresets, ReadingVersion
from models.tables.scans import Prescription, Reading, Scan
from models.vocabulary import Role
from tests.support.people import FINDINGS, Clinic, open_clinic
from tests.support.rows import NOW, a_person, a_scan, a_staff
from tests.support.storage import dump, every_byte, place
from workflow.audit.chain import Source, audited_sessions

CANARY = "canary-of-the-coal-mine"
TAMIL = "நெஞ்சு வலி"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"  # three bytes alone occur in ciphertext by chance
SPELLINGS = [word.encode(code) for word in (CANARY, TAMIL) for code in ("utf-8", "utf-16-le")]
SPELLINGS += [spelling.hex().encode() for spelling in SPELLINGS] + [json.dumps(TAMIL)[1:-1].encode()]


async def write_scan(sessions: Sessions) -> int:
    """A scan whose texts, written by every role, contain the canary."""
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, "PHARMACIST_COMPLETED", complaint=CANARY, since=TAMIL)
        scan.reason = CANARY
        words = {"findings": CANARY, "own_reading": TAMIL, "impression": None, "signed_at": NOW, "proposed": [CANARY]}
        await session.merge(Reading(scan_id=scan.id, doctor_id=staff.doctor.account_id, **words))
        lines = [CANARY, TAMIL]
        await session.merge(Prescription(scan_id=scan.id, pharmacist_id=staff.pharmacist.account_id, lines=lines))
        words = {"chat_id": 7, "account_id": staff.patient.account_id, "language": "en", "text": CANARY}
        session.add(UrgencyQuestion(**words, asked_at=NOW))
        kept = ReadingVersion(number=1, content={"findings": CANARY, "own_reading": TAMIL}, created_at=NOW)
        kept.scan_id, kept.doctor_id = scan.id, staff.doctor.account_id or 0
        session.add(kept)
        asked = {"asker_id": staff.pharmacist.account_id, "asker_role": Role.PHARMACIST, "addressee": Role.DOCTOR}
        row = Clarification(scan_id=scan.id, number=1, question=CANARY, answer=TAMIL, asked_at=NOW, **asked)
        session.add(row)
        phrases = [{"number": 1, "name": CANARY, "text": TAMIL}]
        session.add(ReadingPresets(account_id=staff.doctor.account_id, recent=[CANARY], phrases=phrases, last_number=1))
        session.add(Form(key="1:2:3", state="Reading:findings", data={"findings": CANARY}))
    return scan.id


@pytest.fixture
async def written(sessions: Sessions) -> int:
    return await write_scan(sessions)


async def test_no_word_lies_open_in_the_database_yet_everybody_reads_them(
    engine: AsyncEngine, sessions: Sessions, written: int
) -> None:
    stolen = await dump(engine, place(engine))
    assert b"mobilenetv2" in stolen, "the thief looked in the right place"
    assert [spelling for spelling in SPELLINGS if spelling in stolen] == []
    async with sessions() as session:
        scan = await session.get_one(Scan, written)
        form = await session.get_one(Form, "1:2:3")
    assert (scan.complaint, scan.since, scan.reason) == (CANARY, TAMIL, CANARY)
    assert scan.reading is not None
    assert (scan.reading.findings, scan.reading.own_reading, scan.reading.impression) == (CANARY, TAMIL, None)
    assert scan.prescription is not None
    assert scan.prescription.lines == [CANARY, TAMIL]
    assert [(one.question, one.answer) for one in scan.clarifications] == [(CANARY, TAMIL)]
    assert form.data == {"findings": CANARY}


async def test_plain_words_cannot_be_written_even_around_the_session(sessions: Sessions, written: int) -> None:
    for statement in (update(Scan).values(complaint=CANARY), insert(Form).values(key="9:9:9", data={"a": CANARY})):
        async with sessions() as session:
            with pytest.raises(Exception, match="plain value"):
                await session.execute(statement)


@pytest.mark.parametrize(
    "theft",
    [
        "UPDATE scans SET complaint = (SELECT s.complaint FROM scans s WHERE s.id = {other})",
        "UPDATE scans SET complaint = since WHERE id = {scan}",
        "UPDATE readings SET findings = (SELECT r.findings FROM readings r WHERE r.scan_id = {other})",
        "UPDATE readings SET findings = own_reading WHERE scan_id = {scan}",
    ],
)
async def test_words_moved_to_another_row_or_column_do_not_open(sessions: Sessions, written: int, theft: str) -> None:
    """Bound to table, row and column: findings cannot be moved to another patient."""
    async with sessions.begin() as session:
        other = await a_scan(session, await a_staff(session), "DOCTOR_VERIFIED", complaint="Cough")
    async with sessions.begin() as session:
        await session.execute(text(theft.format(scan=written, other=other.id)))
    async with sessions() as session:
        with pytest.raises(InvalidTag):
            await session.get_one(Scan, written)


async def test_without_its_key_a_patient_is_noise_and_nothing_new_is_written(sessions: Sessions, written: int) -> None:
    """Erasure destroys one data key; other patients' data stay readable."""
    async with sessions.begin() as session:
        key_id = await session.scalar(
            select(Account.key_id).join(Scan, Scan.patient_id == Account.id).where(Scan.id == written)
        )
        await session.delete(await session.get_one(WrappedKey, key_id))
        other = await a_scan(session, await a_staff(session), "DOCTOR_VERIFIED", complaint="Cough")
    async with sessions() as session:
        scan = await session.get_one(Scan, written)
        assert (scan.complaint, scan.reading and scan.reading.findings) == (None, None)
        assert (await session.get_one(Scan, other.id)).complaint == "Cough"
        scan.complaint = CANARY
        with pytest.raises(Erased):
            await session.flush()


async def test_rotating_the_master_key_rewraps_and_the_old_one_opens_nothing(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    """A running bot keeps reading; the ciphertexts are unchanged."""
    path = tmp_path / MASTER_FILE
    masters = master_keys(DemoSettings(bot_token="42:x", data=tmp_path))
    sessions = audited_sessions(engine, b"the tests' own key", Source.CHAT, masters)
    written, old = await write_scan(sessions), path.read_text()

    prepend_new_key(path)
    async with sessions.begin() as session:
        assert await rewrap(session, masters) == 5, "four people's keys and the house's"
    drop_old_keys(path)

    assert old not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with sessions() as session:
        assert (await session.get_one(Scan, written)).complaint == CANARY
        assert set(await session.scalars(select(WrappedKey.master))) == {masters.newest_id()}
    async with audited_sessions(
        engine, b"", Source.CHAT, KeyEncryptionKeys(lambda: [sha256(old.encode()).digest()])
    )() as session:
        with pytest.raises(KeyLost):
            await session.get_one(Scan, written)


async def test_what_was_written_before_there_were_keys_is_sealed_by_the_upgrade(database: str, tmp_path: Path) -> None:
    """Rows and files of an old release, both databases; afterwards no plaintext is left in a file or free page."""
    engine, masters = open_engine(database), master_keys(DemoSettings(bot_token="42:x", data=tmp_path))
    vault = Vault(FolderStore(tmp_path / "vault"))
    name = "0f0e0d0c-0000-4000-8000-000000000001"
    path = tmp_path / "vault" / "0f" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"JPEG " + CANARY.encode())
    try:
        await upgrade(engine, revision="0004")
        await _old_rows(engine, name)
        assert await upgrade(engine, masters)
        async with audited_sessions(engine, b"", Source.CHAT, masters)() as session:
            await encrypt_files(session, vault)
            await encrypt_files(session, vault)
            scan = await session.get_one(Scan, 1)
            secret = await load_patient_key(session, scan.patient_id)
            form = await session.get_one(Form, "1:2:3")
        await vacuum(engine)
        stolen = await dump(engine, Path(engine.url.database or "").parent)
    finally:
        await engine.dispose()
    assert (scan.complaint, form.data) == (CANARY, {"findings": CANARY})
    assert scan.reading is not None
    assert scan.reading.findings == TAMIL
    assert scan.prescription is not None
    assert scan.prescription.lines == [CANARY, TAMIL]
    assert vault.get(name, secret, Content.ORIGINAL) == b"JPEG " + CANARY.encode()
    assert [spelling for spelling in SPELLINGS if spelling in stolen + path.read_bytes()] == []


async def _old_rows(engine: AsyncEngine, name: str) -> None:
    """Rows as the previous release wrote them."""
    at = "2026-03-01 09:00:00+00"
    rows: dict[str, dict[str, object]] = {
        "accounts": {"id": 1, "name": "Amina", "email": "a@example.org", "password_hash": "x", "role": "patient",
                     "language": "en", "sex": "female", "failed_logins": 0, "created_at": at},
        "scans": {"id": 1, "version": 1, "status": "PENDING_AI", "patient_id": 1, "original_file": name,
                  "picture_file": name, "modality": "chest_xray", "complaint": CANARY, "created_at": at,
                  "changed_at": at},
        "links": {"chat_id": 5, "account_id": 1, "created_at": at},
        "readings": {"scan_id": 1, "doctor_id": 1, "findings": TAMIL},
        "prescriptions": {"scan_id": 1, "pharmacist_id": 1, "lines": json.dumps([CANARY, TAMIL])},
        "forms": {"key": "1:2:3", "state": "Reading:findings", "data": json.dumps({"findings": CANARY})},
    }  # fmt: skip
    async with engine.begin() as connection:
        for table, row in rows.items():
            values = ", ".join(f":{column}" for column in row)
            await connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)


async def test_a_telephone_is_sealed_by_the_upgrade_and_comes_back_with_the_way_down(
    database: str, tmp_path: Path
) -> None:
    engine, masters = open_engine(database), master_keys(DemoSettings(bot_token="42:x", data=tmp_path))
    row = {"id": 1, "name": "Amina", "email": "a@example.org", "password_hash": "x", "role": "patient",
           "language": "en", "sex": "female", "created_at": "2026-03-01 09:00:00+00", "phone": PHONE}  # fmt: skip
    try:
        await upgrade(engine, masters, revision="0015")
        async with engine.begin() as connection:
            row["key_id"] = (await connection.run_sync(lambda sync: create_data_key(sync, masters))).id
            names = ", ".join(row), ", ".join(f":{name}" for name in row)
            await connection.execute(text(f"INSERT INTO accounts ({names[0]}) VALUES ({names[1]})"), row)
        await upgrade(engine, masters)
        await vacuum(engine)
        async with audited_sessions(engine, b"", Source.CHAT, masters)() as session:
            assert (await session.get_one(Account, 1)).phone == PHONE
        assert PHONE.encode() not in await dump(engine, place(engine))
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: command.downgrade(config(sync, masters), "0015"))
            assert await connection.scalar(text("SELECT phone FROM accounts")) == PHONE
    finally:
        await engine.dispose()


async def test_nothing_of_a_removed_row_is_left_in_the_databases_own_files(database: str) -> None:
    """Written by a release, or another program, that did not overwrite removed bytes."""
    engine = open_engine(database)
    try:
        await upgrade(engine)
        async with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                await connection.exec_driver_sql("PRAGMA secure_delete = OFF")
            await connection.execute(text("INSERT INTO forms (key, data) VALUES ('1:2:3', :data)"), {"data": CANARY})
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM forms"))
        assert CANARY.encode() in await files(engine), "the test looks where the bytes lie"
        assert await vacuum(engine)
        assert CANARY.encode() not in await files(engine)
    finally:
        await engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_a_vacuum_beside_a_reader_who_still_sees_the_rows_says_that_it_is_to_be_repeated(
    engine: AsyncEngine,
) -> None:
    """PostgreSQL copies rows that an older transaction sees, such as a dump's."""
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO forms (key, data) VALUES ('1:2:3', :data)"), {"data": CANARY})
    async with engine.execution_options(isolation_level="REPEATABLE READ").connect() as reader:
        await reader.execute(text("SELECT count(*) FROM alembic_version"))
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM forms"))
        assert not await vacuum(engine)
        assert CANARY.encode() in await files(engine)
    assert await vacuum(engine)
    assert CANARY.encode() not in await files(engine)


async def files(engine: AsyncEngine) -> bytes:
    """The bytes of the table on disk: the server's own file, or SQLite's."""
    if engine.dialect.name == "sqlite":
        return b"".join(data for _, data in every_byte(place(engine)))
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("CHECKPOINT"))
        read = text("SELECT pg_read_binary_file(pg_relation_filepath('forms'))")
        return bytes((await connection.execute(read)).scalar_one())


async def test_a_telephone_that_is_given_lies_sealed_even_when_it_comes_with_the_account(
    engine: AsyncEngine, sessions: Sessions
) -> None:
    async with sessions.begin() as session:
        who = await a_person(session, Role.PATIENT, phone=PHONE)
    async with sessions() as session:
        assert (await session.get_one(Account, who.account_id)).phone == PHONE
    assert PHONE.encode() not in await dump(engine, place(engine))


PHONE = "+919876500001"


def test_a_file_passed_off_as_another_does_not_open(tmp_path: Path) -> None:
    """Bound to name and kind: a report cannot pass as a picture, nor one patient's file as another's."""
    vault, amina, ravi = Vault(FolderStore(tmp_path)), DataKey(NAMES[0], b"1" * 32), DataKey(NAMES[1], b"2" * 32)
    mine, theirs = (vault.put(b"picture", who, Content.PICTURE) for who in (amina, ravi))
    with pytest.raises(InvalidTag):
        vault.get(mine, amina, Content.REPORT)
    with pytest.raises(InvalidTag):
        vault.get(mine, ravi, Content.PICTURE)
    (tmp_path / mine[:2] / mine).write_bytes((tmp_path / theirs[:2] / theirs).read_bytes())
    with pytest.raises(InvalidTag):
        vault.get(mine, ravi, Content.PICTURE)


NAMES = ("00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b")


async def test_a_bot_that_has_lost_its_master_key_does_not_start(engines: Engines, clinic: Clinic) -> None:
    """It would create a second key beside data encrypted with the first."""
    settings = clinic.app.settings.model_copy(update={"master_key": None})  # nor is there a master.key
    async with build_app(settings, engines) as started:
        with pytest.raises(NotUpgraded, match="master key"):
            await started.run(stop=asyncio.Event(), ready=lambda _: None)


@pytest.mark.slow
async def test_the_whole_story_leaves_nothing_readable_behind(engines: Engines, database: str) -> None:
    """From the upload to the report in chat and mail, with a half-filled form; then the disk is stolen."""
    async with open_clinic(engines, database=SecretStr(database)) as clinic:
        await clinic.uploads()
        await clinic.verifies()
        await clinic.meena.presses("Prescribe")
        await clinic.meena.sends(CANARY)
        await clinic.meena.presses("Complete", on="Written down")
        await clinic.rao.presses("Countersign", on="Waits for a doctor")
        await clinic.releases()
        pdf = await clinic.amina.receives_document(timeout=30)
        await clinic.amina.sends_photo(clinic.picture)
        await clinic.amina.sees("What troubles you")
        await clinic.amina.sends(CANARY)
        await clinic.amina.sees("Since when")
        folder, engine = clinic.app.settings.data, clinic.app.engine
        stolen = b"".join(data for _, data in every_byte(folder)) + await dump(engine, place(engine))
        files = [data for _, data in every_byte(folder / "vault")]
    assert pdf.data.startswith(b"%PDF")
    assert len(files) >= 7
    assert [data[:5] for data in files if not is_encrypted(data)] == []
    for secret in (*SPELLINGS, b"%PDF", JPEG, FINDINGS[0].encode(), FINDINGS[2].encode()):
        assert secret not in stolen


def test_the_commands_of_an_operator_keep_the_keys_in_step(tmp_path: Path) -> None:
    """Set-up, then a rotation with the key file, then one with keys from the settings."""

    def csss(*words: str, **settings: str) -> str:
        environment = {"CSSS_BOT_TOKEN": "42:x", "CSSS_DATA": str(tmp_path), **settings}
        done = CliRunner().invoke(app, words, input="correct horse battery\n", env=environment)
        assert done.exit_code == 0, done.output
        return done.output

    csss("db", "upgrade")
    csss("user", "add", "--name", "Joseph", "--email", "joseph@example.org", "--password-stdin")
    first = (tmp_path / MASTER_FILE).read_text()
    assert "1 keys" in csss("keys", "rotate")
    second = (tmp_path / MASTER_FILE).read_text()
    assert first not in second
    assert len(second.split()) == 1
    assert "1 keys" in csss("keys", "rotate", CSSS_MASTER_KEY=f"{'n' * 32},{second}")
    assert "0 keys" in csss("keys", "rotate", CSSS_MASTER_KEY="n" * 32)
    assert '"ok": true' in csss("audit", "verify", "--json", CSSS_MASTER_KEY="n" * 32)
