"""Threat: codes are guessed, reissued for more guesses, replayed, or used twice at the same moment."""

import asyncio
from datetime import datetime, timedelta

import pyotp
import pytest
from sqlalchemy import select

from models.base import Sessions
from models.schema import metadata
from models.tables.accounts import Account
from models.tables.codes import Authenticator, Change, Code, CredentialChange, RecoveryCode
from models.tables.scans import Scan
from models.vocabulary import Role
from tests.support.authenticator_steps import STEP, an_app, requests_code
from tests.support.code_steps import (
    CHAT,
    OTHER_CHAT,
    a_completed_scan,
    another,
    approve,
    confirm,
    several_completed_scans,
)
from tests.support.rows import KEY, NOW, a_person
from workflow.accounts import authenticators, password_reset
from workflow.accounts.codes import LIFETIME, MAX_ATTEMPTS, RESET_DIGITS, WRONG_PER_WINDOW, Verdict, generate_digits
from workflow.accounts.sessions import create_link
from workflow.errors import CodesUsedUp

RIGHT, WRONG, SPENT = Verdict.RIGHT, Verdict.WRONG, Verdict.SPENT


async def test_the_sixth_try_fails_and_so_does_the_right_code_after_it(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    digits = await approve(sessions, staff, scan_id)
    tries = [await confirm(sessions, staff, scan_id, another(digits)) for _ in range(6)]
    assert tries == [WRONG] * MAX_ATTEMPTS + [SPENT]
    assert await confirm(sessions, staff, scan_id, digits) is SPENT


async def test_a_new_code_forgives_no_wrong_guess(sessions: Sessions) -> None:
    """Five on the first, five on the second: then no code is sent, for this scan or any other, in this chat."""
    staff, scan_id = await a_completed_scan(sessions)
    for number in range(2):
        at = NOW + timedelta(minutes=2 * number)
        digits = await approve(sessions, staff, scan_id, at)
        for _ in range(MAX_ATTEMPTS):
            await confirm(sessions, staff, scan_id, another(digits), at)
    assert WRONG_PER_WINDOW == 10
    with pytest.raises(CodesUsedUp):
        await approve(sessions, staff, scan_id, NOW + timedelta(minutes=5))


@pytest.mark.slow
async def test_forty_reports_are_released_in_ten_minutes(sessions: Sessions) -> None:
    """A right code is no guess: an administrator at work is never locked out."""
    staff, scan_ids = await several_completed_scans(sessions, 40)
    for number, scan_id in enumerate(scan_ids):
        at = NOW + timedelta(seconds=15 * number)
        digits = await approve(sessions, staff, scan_id, at)
        assert await confirm(sessions, staff, scan_id, digits, at) is RIGHT, number
    async with sessions() as session:
        assert len((await session.scalars(select(Scan).where(Scan.released_at.is_not(None)))).all()) == 40


async def test_right_codes_in_between_forgive_no_wrong_guess(sessions: Sessions) -> None:
    staff, scan_ids = await several_completed_scans(sessions, WRONG_PER_WINDOW + 1)
    for scan_id in scan_ids[:-1]:
        digits = await approve(sessions, staff, scan_id)
        assert await confirm(sessions, staff, scan_id, another(digits)) is WRONG
        assert await confirm(sessions, staff, scan_id, digits) is RIGHT
    with pytest.raises(CodesUsedUp):
        await approve(sessions, staff, scan_ids[-1])


async def test_two_confirms_at_the_same_moment_release_once(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    digits = await approve(sessions, staff, scan_id)
    verdicts = await asyncio.gather(*(confirm(sessions, staff, scan_id, digits) for _ in range(2)))
    assert sorted(verdicts) == [RIGHT, SPENT]


async def test_an_old_code_is_none(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    digits = await approve(sessions, staff, scan_id)
    assert await confirm(sessions, staff, scan_id, digits, NOW + LIFETIME) is SPENT


@pytest.mark.slow
async def test_a_hundred_wrong_reset_codes_end_the_guessing_in_other_chats(
    sessions: Sessions,
) -> None:
    """Eight digits; the owner is told of them, and resets the password in a linked chat, after which all begin anew."""
    async with sessions.begin() as session:
        owner = await a_person(session, Role.PATIENT)
        account = await session.get_one(Account, owner.account_id)
        await create_link(session, CHAT, account, NOW)
        email = account.email or ""
    at, wrong = NOW, 0
    while wrong < password_reset.MAX_WRONG:
        at += timedelta(minutes=16)
        digits = await _reset_code(sessions, OTHER_CHAT, email, at)
        assert len(digits) == RESET_DIGITS
        for _ in range(MAX_ATTEMPTS):
            assert await _types(sessions, OTHER_CHAT, email, "not 1", at) is WRONG
            wrong += 1
    at += timedelta(minutes=16)
    assert await _types(sessions, 3003, email, await _reset_code(sessions, 3003, email, at), at) is SPENT
    async with sessions() as session:
        told = (await session.scalars(select(CredentialChange.change))).all()
        assert told == [Change.GUESSED] * len(password_reset.TOLD_AT)
    assert await _types(sessions, CHAT, email, await _reset_code(sessions, CHAT, email, at), at) is RIGHT
    async with sessions.begin() as session:
        await password_reset.set_password(session, CHAT, email, "another hash", at)
    at += timedelta(minutes=16)
    assert await _types(sessions, 3003, email, await _reset_code(sessions, 3003, email, at), at) is RIGHT


async def _reset_code(sessions: Sessions, chat_id: int, email: str, at: datetime) -> str:
    async with sessions.begin() as session:
        await password_reset.request_reset_code(session, chat_id, email, "en", at)
        code = (await session.scalars(select(Code).order_by(Code.id.desc()).limit(1))).one()
        return generate_digits(code, KEY, at) or ""


async def _types(sessions: Sessions, chat_id: int, email: str, typed: str, at: datetime) -> Verdict:
    async with sessions.begin() as session:
        return await password_reset.verify_reset_code(session, chat_id, email, typed, KEY, at)


# The authenticator app


async def test_the_app_is_the_default_once_enrolled_and_no_mail_leaves(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    app, _ = await an_app(sessions, staff)
    await requests_code(sessions, staff, scan_id)
    async with sessions() as session:
        [code] = await session.scalars(select(Code))
        assert (code.factor, code.digest) == ("authenticator", "")
    assert await confirm(sessions, staff, scan_id, app.at(NOW)) is RIGHT
    async with sessions() as session:
        assert (await session.get_one(Scan, scan_id)).released_at == NOW


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(-60, WRONG), (-30, RIGHT), (0, RIGHT), (30, RIGHT), (60, WRONG), (3600, WRONG)]
)
async def test_clocks_may_differ_by_one_step_and_no_more(sessions: Sessions, seconds: int, verdict: Verdict) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    app, _ = await an_app(sessions, staff)
    await requests_code(sessions, staff, scan_id)
    assert await confirm(sessions, staff, scan_id, app.at(NOW + timedelta(seconds=seconds))) is verdict


async def test_a_code_of_the_app_counts_once_and_none_before_it_any_more(sessions: Sessions) -> None:
    """An observed code is void, and so is the one before it, for every other scan too."""
    staff, first = await a_completed_scan(sessions)
    app, _ = await an_app(sessions, staff)
    _, second = await a_completed_scan(sessions)
    await requests_code(sessions, staff, first)
    assert await confirm(sessions, staff, first, app.at(NOW)) is RIGHT
    await requests_code(sessions, staff, second)
    for replayed in (app.at(NOW), app.at(NOW - STEP)):
        assert await confirm(sessions, staff, second, replayed) is WRONG
    assert await confirm(sessions, staff, second, app.at(NOW + STEP)) is RIGHT


async def test_the_same_code_at_the_same_moment_on_two_scans_releases_one(sessions: Sessions) -> None:
    staff, first = await a_completed_scan(sessions)
    app, _ = await an_app(sessions, staff)
    async with sessions.begin() as session:
        accepted = [
            await authenticators.verify_factor(session, staff.administrator.account_id, app.at(NOW), KEY, NOW)
            for _ in range(2)
        ]
    assert accepted == [True, False]
    await requests_code(sessions, staff, first)
    assert await confirm(sessions, staff, first, app.at(NOW)) is WRONG


async def test_guesses_at_the_app_are_counted_like_any_other(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    app, _ = await an_app(sessions, staff)
    await requests_code(sessions, staff, scan_id)
    wrong = another(app.at(NOW))
    tries = [await confirm(sessions, staff, scan_id, wrong) for _ in range(6)]
    assert tries == [WRONG] * MAX_ATTEMPTS + [SPENT]
    assert await confirm(sessions, staff, scan_id, app.at(NOW)) is SPENT


async def test_a_recovery_code_counts_once_and_is_kept_as_a_hash(sessions: Sessions) -> None:
    staff, first = await a_completed_scan(sessions)
    _, spare = await an_app(sessions, staff)
    _, second = await a_completed_scan(sessions)
    assert len(set(spare)) == 10
    await requests_code(sessions, staff, first)
    assert await confirm(sessions, staff, first, spare[0].upper().replace("-", " ")) is RIGHT
    await requests_code(sessions, staff, second)
    assert await confirm(sessions, staff, second, spare[0]) is WRONG
    assert await confirm(sessions, staff, second, spare[1]) is RIGHT
    async with sessions() as session:
        for table in metadata.sorted_tables:
            kept = str((await session.execute(select(table))).all())
            assert not any(code in kept for code in spare), table.name
        assert {len(row.digest) for row in await session.scalars(select(RecoveryCode))} == {64}


async def test_the_apps_secret_lies_nowhere(sessions: Sessions) -> None:
    """A copy of the database cannot generate codes."""
    staff, _ = await a_completed_scan(sessions)
    app, _ = await an_app(sessions, staff)
    async with sessions() as session:
        [kept] = await session.scalars(select(Authenticator))
        assert app.secret not in str(vars(kept))
        other = await authenticators.verify_factor(
            session, staff.administrator.account_id, app.at(NOW), b"another key of thirty-two letters", NOW
        )
    assert other is False


async def test_an_app_that_was_not_confirmed_counts_for_nothing(sessions: Sessions) -> None:
    """Otherwise a thief who saw the picture would have a second factor at once."""
    staff, scan_id = await a_completed_scan(sessions)
    async with sessions.begin() as session:
        app = pyotp.parse_uri(await authenticators.enrol(session, staff.administrator, "Demo", KEY, NOW))
    assert isinstance(app, pyotp.TOTP)
    async with sessions() as session:
        assert not await authenticators.verify_factor(session, staff.administrator.account_id, app.at(NOW), KEY, NOW)
    digits = await approve(sessions, staff, scan_id)
    assert await confirm(sessions, staff, scan_id, app.at(NOW)) in {WRONG, RIGHT if app.at(NOW) == digits else WRONG}
