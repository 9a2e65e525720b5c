"""One-time codes: for one chat, one purpose and one content; five tries, ten minutes, once."""

import asyncio
import hmac
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.base import Sessions
from models.schema import metadata
from models.tables.codes import Code, Purpose
from models.tables.scans import Scan
from models.vocabulary import Role
from tests.support.code_steps import CHAT, OTHER_CHAT, a_completed_scan, another, approve, confirm
from tests.support.rows import KEY, NOW, a_person, a_scan, events_of, jobs_of
from workflow.accounts import registration
from workflow.accounts.codes import (
    LIFETIME,
    MAX_ATTEMPTS,
    MIN_INTERVAL,
    WINDOW,
    Verdict,
    generate_digits,
    send_code,
    verify_code,
)
from workflow.errors import CodeSpent, CodeTooSoon, CodeWrong, StaleAction
from workflow.reporting import release
from workflow.scans import reading

MINUTE = timedelta(minutes=1)
EMAIL = "amina@example.org"


async def ask(sessions: Sessions, at: datetime = NOW, chat: int = CHAT, email: str = EMAIL) -> str:
    """Request a code that confirms an email address; returns the digits in the mail."""
    async with sessions.begin() as session:
        await registration.request_email_code(session, chat, email, "en", at)
        code = await session.scalar(select(Code).order_by(Code.id.desc()).limit(1))
        assert code is not None
        return generate_digits(code, KEY, at) or ""


async def types(
    sessions: Sessions, typed: str, at: datetime = NOW, chat: int = CHAT, email: str = EMAIL, key: bytes = KEY
) -> Verdict:
    async with sessions.begin() as session:
        return await registration.verify_email_code(session, chat, email, typed, key, at)


async def test_the_right_digits_confirm_once(sessions: Sessions) -> None:
    digits = await ask(sessions)
    assert await types(sessions, digits) is Verdict.RIGHT
    assert await types(sessions, digits) is Verdict.SPENT


async def test_spaces_between_the_digits_do_not_matter(sessions: Sessions) -> None:
    digits = await ask(sessions)
    assert await types(sessions, f" {digits[:3]} {digits[3:]}\n") is Verdict.RIGHT


async def test_a_code_is_good_for_ten_minutes(sessions: Sessions) -> None:
    digits = await ask(sessions)
    assert timedelta(minutes=10) == LIFETIME
    assert await types(sessions, digits, NOW + LIFETIME) is Verdict.SPENT
    assert await types(sessions, digits, NOW + LIFETIME - timedelta(seconds=1)) is Verdict.RIGHT


async def test_after_five_wrong_guesses_even_the_right_digits_are_refused(sessions: Sessions) -> None:
    digits = await ask(sessions)
    assert MAX_ATTEMPTS == 5
    for _ in range(5):
        assert await types(sessions, another(digits)) is Verdict.WRONG
    assert await types(sessions, digits) is Verdict.SPENT


async def test_guesses_at_the_same_moment_are_counted_one_by_one(sessions: Sessions) -> None:
    digits = await ask(sessions)
    verdicts = await asyncio.gather(*(types(sessions, another(digits)) for _ in range(12)))
    assert sorted(verdicts) == [Verdict.SPENT] * 7 + [Verdict.WRONG] * 5


async def test_the_right_digits_typed_twice_at_once_are_right_once(sessions: Sessions) -> None:
    digits = await ask(sessions)
    verdicts = await asyncio.gather(*(types(sessions, digits) for _ in range(2)))
    assert sorted(verdicts) == [Verdict.RIGHT, Verdict.SPENT]


async def test_a_code_works_in_the_chat_that_asked_and_for_the_address_it_went_to(sessions: Sessions) -> None:
    digits = await ask(sessions)
    assert await types(sessions, digits, chat=OTHER_CHAT) is Verdict.SPENT
    assert await types(sessions, digits, email="someone@example.org") is Verdict.SPENT
    assert await types(sessions, digits, key=b"another key of thirty-two letters") is Verdict.WRONG
    assert await types(sessions, digits) is Verdict.RIGHT


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("chat_id", OTHER_CHAT),
        ("email", "b@example.org"),
        ("content_sha256", "1" * 64),
        ("purpose", Purpose.RELEASE),
    ],
)
async def test_a_code_moved_to_something_else_fits_no_more(sessions: Sessions, field: str, value: object) -> None:
    """A row edited in the database is no use: the digits are bound to their purpose and content."""
    digits = await ask(sessions)
    async with sessions.begin() as session:
        [code] = await session.scalars(select(Code))
        setattr(code, field, value)
        await session.flush()
        assert await verify_code(session, code, digits, KEY, NOW) is Verdict.WRONG


async def test_only_the_newest_code_counts(sessions: Sessions) -> None:
    first = await ask(sessions)
    second = await ask(sessions, NOW + MINUTE)
    if first != second:
        assert await types(sessions, first, NOW + MINUTE) is Verdict.WRONG
    assert await types(sessions, second, NOW + MINUTE) is Verdict.RIGHT


async def test_a_new_code_may_be_asked_for_after_a_minute_and_three_times_in_a_quarter(sessions: Sessions) -> None:
    await ask(sessions)
    with pytest.raises(CodeTooSoon):
        await ask(sessions, NOW + MIN_INTERVAL - timedelta(seconds=1))
    await ask(sessions, NOW + MIN_INTERVAL)
    await ask(sessions, NOW + 2 * MIN_INTERVAL)
    with pytest.raises(CodeTooSoon):
        await ask(sessions, NOW + 3 * MIN_INTERVAL)
    await ask(sessions, NOW + WINDOW)
    await ask(sessions, NOW + 3 * MIN_INTERVAL, chat=OTHER_CHAT)


async def test_a_clock_that_was_ahead_refuses_nobody_a_code(sessions: Sessions) -> None:
    await ask(sessions, NOW + 5 * MINUTE)
    assert await types(sessions, await ask(sessions, NOW), NOW) is Verdict.RIGHT


async def test_wrong_guesses_are_not_forgotten_when_a_new_code_is_sent(sessions: Sessions) -> None:
    """Ten in a quarter of an hour, whatever the number of codes: then no new code is sent."""
    for number in range(2):
        digits = await ask(sessions, NOW + number * MINUTE)
        for _ in range(5):
            await types(sessions, another(digits), NOW + number * MINUTE)
    with pytest.raises(CodeTooSoon):
        await ask(sessions, NOW + 2 * MINUTE)


async def test_no_digits_are_made_for_a_code_that_nobody_waits_for(sessions: Sessions) -> None:
    """Replaced by a newer one, or expired when the mail server is back."""
    ids = []
    for number in range(2):
        async with sessions.begin() as session:
            code = Code(purpose=Purpose.CONFIRM_EMAIL, chat_id=CHAT, email=EMAIL)
            ids.append((await send_code(session, code, NOW + number * MINUTE)).id)
    async with sessions.begin() as session:
        first, second = [await session.get_one(Code, one) for one in ids]
        assert generate_digits(first, KEY, NOW + MINUTE) is None
        assert generate_digits(second, KEY, NOW + 30 * MINUTE) is None
        assert generate_digits(second, KEY, NOW + MINUTE) is not None


async def test_the_digits_are_stored_nowhere(sessions: Sessions) -> None:
    """Neither in the code's row nor in a job: they exist only in the mail."""
    digits = await ask(sessions)
    await types(sessions, another(digits))
    async with sessions() as session:
        for table in metadata.sorted_tables:
            for row in await session.execute(select(table)):
                kept = {name: value for name, value in row._mapping.items() if not name.endswith(("_at", "digest"))}
                assert digits not in str(kept), table.name
        [code] = await session.scalars(select(Code))
        assert len(code.digest) == 64


async def test_digits_are_compared_in_constant_time(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides of the comparison are digests of the same length, so the duration leaks nothing."""
    compared = []
    real = hmac.compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    digits = await ask(sessions)
    monkeypatch.setattr(hmac, "compare_digest", watched)
    await types(sessions, another(digits))
    await types(sessions, another(another(digits)))
    assert compared == [(64, 64), (64, 64)]


async def test_digits_are_six_even_when_the_number_is_small(sessions: Sessions) -> None:
    digits = [await ask(sessions, chat=chat, email=f"{chat}@example.org") for chat in range(20)]
    assert {len(one) for one in digits} == {6}
    assert len(set(digits)) > 10


async def test_an_address_with_an_account_is_answered_like_any_other(sessions: Sessions) -> None:
    """The chat does not reveal existing accounts: the same answers in the same order, but another mail."""
    async with sessions.begin() as session:
        await a_person(session, Role.PATIENT, email=EMAIL)
    verdicts = {}
    for chat, email in ((CHAT, EMAIL), (OTHER_CHAT, "nobody@example.org")):
        digits = await ask(sessions, chat=chat, email=email)
        wrong = another(digits or "000000")
        verdicts[email] = [await types(sessions, wrong, chat=chat, email=email) for _ in range(MAX_ATTEMPTS + 1)]
    assert verdicts[EMAIL] == verdicts["nobody@example.org"]
    async with sessions() as session:
        assert await jobs_of(session) == ["mail_account_exists", "mail_code"]


# The administrator's code


async def test_the_right_code_releases_the_report_once(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    digits = await approve(sessions, staff, scan_id)
    assert await confirm(sessions, staff, scan_id, digits) is Verdict.RIGHT
    assert await confirm(sessions, staff, scan_id, digits) is Verdict.SPENT
    async with sessions() as session:
        scan = await session.get_one(Scan, scan_id)
        assert (scan.released_at, scan.released_by) == (NOW, staff.administrator.account_id)
        assert await jobs_of(session) == ["show_cards", "mail_code", "write_report", "show_cards"]


async def test_a_wrong_code_releases_nothing(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    digits = await approve(sessions, staff, scan_id)
    assert await confirm(sessions, staff, scan_id, another(digits)) is Verdict.WRONG
    async with sessions() as session:
        assert (await session.get_one(Scan, scan_id)).released_at is None
        assert await events_of(session) == [("ask_code", "administrator", "PHARMACIST_COMPLETED")]


async def test_a_code_for_one_scan_does_not_release_another(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    async with sessions.begin() as session:
        other = (await a_scan(session, staff, "PHARMACIST_COMPLETED")).id
    digits = await approve(sessions, staff, scan_id)
    assert await confirm(sessions, staff, other, digits) is Verdict.SPENT


async def test_one_administrators_code_is_not_anothers(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    async with sessions.begin() as session:
        other = await a_person(session, Role.ADMINISTRATOR)
    digits = await approve(sessions, staff, scan_id)
    assert await confirm(sessions, staff._replace(administrator=other), scan_id, digits) is Verdict.SPENT


async def test_a_code_is_void_when_the_content_has_changed_since(sessions: Sessions) -> None:
    """The released content is the confirmed one; even a change of a patient's name needs a new code."""
    staff, scan_id = await a_completed_scan(sessions)
    digits = await approve(sessions, staff, scan_id)
    async with sessions.begin() as session:
        scan = await session.get_one(Scan, scan_id)
        scan.patient.name = "Another Name"
    assert await confirm(sessions, staff, scan_id, digits) is Verdict.SPENT


async def test_a_rejected_scan_is_not_released_by_a_code_that_was_under_way(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    digits = await approve(sessions, staff, scan_id)
    async with sessions.begin() as session:
        await reading.reject(session, staff.administrator, scan_id, "A mistake.", NOW)
    with pytest.raises(StaleAction):
        await confirm(sessions, staff, scan_id, digits)
    async with sessions() as session:
        assert (await session.get_one(Scan, scan_id)).released_at is None


FILES = release.IssuedFiles("file", "0" * 64, "copy", "1" * 64, "pass-word", release.new_token(), "2" * 64)


async def test_a_report_is_recorded_once(sessions: Sessions) -> None:
    staff, scan_id = await a_completed_scan(sessions)
    await confirm(sessions, staff, scan_id, await approve(sessions, staff, scan_id))
    async with sessions.begin() as session:
        report = await release.record_report(session, scan_id, FILES, NOW)
        assert (report.number, report.version) == (f"R2026-{scan_id:06}", 1)
    with pytest.raises(StaleAction):
        async with sessions.begin() as session:
            await release.record_report(session, scan_id, FILES, NOW)


def test_each_verdict_has_its_error() -> None:
    Verdict.RIGHT.raise_if_wrong()
    for verdict, error in ((Verdict.WRONG, CodeWrong), (Verdict.SPENT, CodeSpent)):
        with pytest.raises(error):
            verdict.raise_if_wrong()
