"""Threat: somebody copies the disk, the database or a backup, and looks for what patients and doctors said and sent."""

import asyncio
import json
import stat
from collections.abc import Iterator
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
from bot.secrets import MASTER_FILE, master_keys, retire_old, rotate_file
from models.base import Sessions, connect
from models.crypto.keys import DataKey, Erased, KeyLost, Masters, Secret, is_sealed, make_key, rewrap
from models.crypto.vault import Content, Vault
from models.post_upgrade import scrub, seal_files
from models.schema import config, upgrade
from models.tables.chats import Form
from models.tables.people import Account, Role, patient_key
from models.tables.scans import Prescription, Reading, Scan
from tests.support.people import FINDINGS, House, open_house
from tests.support.rows import NOW, a_person, a_scan, a_staff
from workflow.audit.chain import Source, audited

CANARY = "canary-of-the-coal-mine"
TAMIL = "நெஞ்சு வலி"
SPELLINGS = [word.encode(code) for word in (CANARY, TAMIL) for code in ("utf-8", "utf-16-le")]
SPELLINGS += [spelling.hex().encode() for spelling in SPELLINGS] + [json.dumps(TAMIL)[1:-1].encode()]


def every_byte(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()


async def as_text(engine: AsyncEngine) -> str:
    """Every row of a PostgreSQL database as its own tools would dump it."""
    async with engine.connect() as connection:
        names = await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        rows = [await connection.scalars(text(f'SELECT t::text FROM "{name}" t')) for name in names]
        return "\n".join(row for found in rows for row in found)


async def dump(engine: AsyncEngine, folder: Path) -> bytes:
    """All that a thief of the database would hold: its files where it has some here, its rows where not."""
    if engine.dialect.name == "sqlite":
        return b"".join(data for _, data in every_byte(folder))
    return (await as_text(engine)).encode()


def place(engine: AsyncEngine) -> Path:
    return Path(engine.url.database or "").parent


async def tell(sessions: Sessions) -> int:
    """A scan on which everybody has written the canary."""
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff, "PHARMACIST_COMPLETED", complaint=CANARY, since=TAMIL)
        scan.reason = CANARY
        words = {"findings": CANARY, "own_reading": TAMIL, "impression": None, "signed_at": NOW}
        await session.merge(Reading(scan_id=scan.id, doctor_id=staff.doctor.account_id, **words))
        lines = [CANARY, TAMIL]
        await session.merge(Prescription(scan_id=scan.id, pharmacist_id=staff.pharmacist.account_id, lines=lines))
        session.add(Form(key="1:2:3", state="Reading:findings", data={"findings": CANARY}))
    return scan.id


@pytest.fixture
async def told(sessions: Sessions) -> int:
    return await tell(sessions)


async def test_no_word_lies_open_in_the_database_yet_everybody_reads_them(
    engine: AsyncEngine, sessions: Sessions, told: int
) -> None:
    stolen = await dump(engine, place(engine))
    assert b"mobilenetv2" in stolen, "the thief looked in the right place"
    assert [spelling for spelling in SPELLINGS if spelling in stolen] == []
    async with sessions() as session:
        scan = await session.get_one(Scan, told)
        form = await session.get_one(Form, "1:2:3")
    assert (scan.complaint, scan.since, scan.reason) == (CANARY, TAMIL, CANARY)
    assert scan.reading is not None
    assert (scan.reading.findings, scan.reading.own_reading, scan.reading.impression) == (CANARY, TAMIL, None)
    assert scan.prescription is not None
    assert scan.prescription.lines == [CANARY, TAMIL]
    assert form.data == {"findings": CANARY}


async def test_plain_words_cannot_be_written_even_around_the_session(sessions: Sessions, told: int) -> None:
    for statement in (update(Scan).values(complaint=CANARY), insert(Form).values(key="9:9:9", data={"a": CANARY})):
        async with sessions() as session:
            with pytest.raises(Exception, match="plain words"):
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
async def test_words_moved_to_another_row_or_column_do_not_open(sessions: Sessions, told: int, theft: str) -> None:
    """Bound to table, row and column: nobody's findings can be passed off as somebody else's."""
    async with sessions.begin() as session:
        other = await a_scan(session, await a_staff(session), "DOCTOR_VERIFIED", complaint="Cough")
    async with sessions.begin() as session:
        await session.execute(text(theft.format(scan=told, other=other.id)))
    async with sessions() as session:
        with pytest.raises(InvalidTag):
            await session.get_one(Scan, told)


async def test_without_its_key_a_patient_is_noise_and_nothing_new_is_written(sessions: Sessions, told: int) -> None:
    """Erasure destroys one key; everybody else's words stay readable."""
    async with sessions.begin() as session:
        key_id = await session.scalar(
            select(Account.key_id).join(Scan, Scan.patient_id == Account.id).where(Scan.id == told)
        )
        await session.delete(await session.get_one(DataKey, key_id))
        other = await a_scan(session, await a_staff(session), "DOCTOR_VERIFIED", complaint="Cough")
    async with sessions() as session:
        scan = await session.get_one(Scan, told)
        assert (scan.complaint, scan.reading and scan.reading.findings) == (None, None)
        assert (await session.get_one(Scan, other.id)).complaint == "Cough"
        scan.complaint = CANARY
        with pytest.raises(Erased):
            await session.flush()


async def test_rotating_the_master_key_rewraps_and_the_old_one_opens_nothing(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    """A bot that runs meanwhile reads on; what was sealed is not touched."""
    path = tmp_path / MASTER_FILE
    masters = master_keys(DemoSettings(bot_token="42:x", data=tmp_path))
    sessions = audited(engine, b"the tests' own key", Source.CHAT, masters)
    told, old = await tell(sessions), path.read_text()

    rotate_file(path)
    async with sessions.begin() as session:
        assert await rewrap(session, masters) == 5, "four people's keys and the house's"
    retire_old(path)

    assert old not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with sessions() as session:
        assert (await session.get_one(Scan, told)).complaint == CANARY
        assert set(await session.scalars(select(DataKey.master))) == {masters.newest()}
    async with audited(engine, b"", Source.CHAT, Masters(lambda: [sha256(old.encode()).digest()]))() as session:
        with pytest.raises(KeyLost):
            await session.get_one(Scan, told)


async def test_what_was_written_before_there_were_keys_is_sealed_by_the_upgrade(database: str, tmp_path: Path) -> None:
    """Rows and files of an old release, both carriers; afterwards no old byte is left in file or free page."""
    engine, masters = connect(database), master_keys(DemoSettings(bot_token="42:x", data=tmp_path))
    vault = Vault(tmp_path / "vault")
    name = "0f0e0d0c-0000-4000-8000-000000000001"
    path = tmp_path / "vault" / "0f" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"JPEG " + CANARY.encode())
    try:
        await upgrade(engine, revision="0004")
        await _old_rows(engine, name)
        assert await upgrade(engine, masters)
        async with audited(engine, b"", Source.CHAT, masters)() as session:
            await seal_files(session, vault)
            await seal_files(session, vault)
            scan = await session.get_one(Scan, 1)
            secret = await patient_key(session, scan.patient_id)
            form = await session.get_one(Form, "1:2:3")
        await scrub(engine)
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
    """As the release before wrote them."""
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
    engine, masters = connect(database), master_keys(DemoSettings(bot_token="42:x", data=tmp_path))
    row = {"id": 1, "name": "Amina", "email": "a@example.org", "password_hash": "x", "role": "patient",
           "language": "en", "sex": "female", "created_at": "2026-03-01 09:00:00+00", "phone": PHONE}  # fmt: skip
    try:
        await upgrade(engine, masters, revision="0015")
        async with engine.begin() as connection:
            row["key_id"] = (await connection.run_sync(lambda sync: make_key(sync, masters))).id
            names = ", ".join(row), ", ".join(f":{name}" for name in row)
            await connection.execute(text(f"INSERT INTO accounts ({names[0]}) VALUES ({names[1]})"), row)
        await upgrade(engine, masters)
        await scrub(engine)
        async with audited(engine, b"", Source.CHAT, masters)() as session:
            assert (await session.get_one(Account, 1)).phone == PHONE
        assert PHONE.encode() not in await dump(engine, place(engine))
        async with engine.begin() as connection:
            await connection.run_sync(lambda sync: command.downgrade(config(sync, masters), "0015"))
            assert await connection.scalar(text("SELECT phone FROM accounts")) == PHONE
    finally:
        await engine.dispose()


async def test_nothing_of_a_removed_row_is_left_in_the_databases_own_files(database: str) -> None:
    """Written by a release, or another program, that left removed bytes where they were."""
    engine = connect(database)
    try:
        await upgrade(engine)
        async with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                await connection.exec_driver_sql("PRAGMA secure_delete = OFF")
            await connection.execute(text("INSERT INTO forms (key, data) VALUES ('1:2:3', :data)"), {"data": CANARY})
        async with engine.begin() as connection:
            await connection.execute(text("DELETE FROM forms"))
        assert CANARY.encode() in await files(engine), "the test looks where the bytes lie"
        await scrub(engine)
        assert CANARY.encode() not in await files(engine)
    finally:
        await engine.dispose()


async def files(engine: AsyncEngine) -> bytes:
    """What a thief of the disk would read of the table: the server's own file, or SQLite's."""
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
    """Bound to its name and to what it is; neither a report as a picture nor one patient's as another's."""
    vault, amina, ravi = Vault(tmp_path), Secret(NAMES[0], b"1" * 32), Secret(NAMES[1], b"2" * 32)
    mine, theirs = (vault.put(b"picture", who, Content.PICTURE) for who in (amina, ravi))
    with pytest.raises(InvalidTag):
        vault.get(mine, amina, Content.REPORT)
    with pytest.raises(InvalidTag):
        vault.get(mine, ravi, Content.PICTURE)
    (tmp_path / mine[:2] / mine).write_bytes((tmp_path / theirs[:2] / theirs).read_bytes())
    with pytest.raises(InvalidTag):
        vault.get(mine, ravi, Content.PICTURE)


NAMES = ("00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b")


async def test_a_bot_that_has_lost_its_master_key_does_not_start(engines: Engines, house: House) -> None:
    """It would make a second key beside what the first has sealed."""
    settings = house.app.settings
    (settings.data / MASTER_FILE).rename(settings.data / "elsewhere")
    async with build_app(settings, engines) as started:
        with pytest.raises(NotUpgraded, match="master key"):
            await started.run(stop=asyncio.Event(), ready=lambda _: None)


async def test_the_whole_story_leaves_nothing_readable_behind(engines: Engines, database: str) -> None:
    """From the upload to the report in chat and mail, a half-typed form besides; then the disk is stolen."""
    async with open_house(engines, database=SecretStr(database)) as house:
        await house.uploads()
        await house.verifies()
        await house.meena.presses("Prescribe")
        await house.meena.sends(CANARY)
        await house.meena.presses("Complete", on="Written down")
        await house.releases()
        pdf = await house.amina.receives_document(timeout=30)
        await house.amina.sends_photo(house.picture)
        await house.amina.sees("What troubles you")
        await house.amina.sends(CANARY)
        await house.amina.sees("Since when")
        folder, engine = house.app.settings.data, house.app.engine
        stolen = b"".join(data for _, data in every_byte(folder)) + await dump(engine, place(engine))
        files = [data for _, data in every_byte(folder / "vault")]
    assert pdf.data.startswith(b"%PDF")
    assert len(files) >= 7
    assert [data[:5] for data in files if not is_sealed(data)] == []
    for secret in (*SPELLINGS, b"%PDF", b"\xff\xd8\xff", FINDINGS[0].encode(), FINDINGS[2].encode()):
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
