"""Accounts, linked chats and invitations: granting of roles, and signing in."""

import asyncio
from datetime import date, datetime, timedelta
from itertools import count
from math import ceil

import pytest
from sqlalchemy import func, select, update

from models.base import Sessions
from models.tables.accounts import Account, Invite
from models.tables.chats import Card, Form
from models.vocabulary import Role, Sex
from tests.support.registration_steps import AMINA, CHAT, OTHER_CHAT, an_invite, register
from tests.support.rows import NOW, a_scan, a_staff, jobs_of
from workflow.accounts import invitations, logins, passwords, profile, registration
from workflow.accounts.invitations import INVITE_LIFETIME, PlannedInvite
from workflow.accounts.sessions import actor_for, sign_in, sign_out
from workflow.errors import (
    AlreadyLinked,
    InviteInvalid,
    LoginFailed,
    LoginLocked,
    NotAllowed,
    NotLinked,
    RoleHeld,
    WeakPassword,
)

CHATS = count(5000)
TAMIL = "கடவுச்சொல் மிகவும் நீளமானது, ஆகவே பாதுகாப்பானது"


# Registration and linking


async def test_everybody_begins_as_a_patient(sessions: Sessions) -> None:
    actor = await register(sessions)
    assert (actor.role, actor.name, actor.language) == (Role.PATIENT, "Amina Yusuf", "ta")
    async with sessions() as session:
        assert await actor_for(session, CHAT) == actor._replace(seen_at=NOW, roles=(Role.PATIENT,))
        assert await actor_for(session, OTHER_CHAT) is None
        account = await session.get_one(Account, actor.account_id)
        assert (account.date_of_birth, account.sex) == (date(1987, 4, 12), Sex.FEMALE)
        assert await jobs_of(session) == ["show_menu"]


async def test_an_email_address_is_the_same_in_capitals(sessions: Sessions) -> None:
    await register(sessions)
    async with sessions.begin() as session:
        assert await logins.begin_attempt(session, OTHER_CHAT, "AMINA@example.org", NOW) == "hash"
        await sign_in(session, OTHER_CHAT, "amina@EXAMPLE.org", NOW)
    with pytest.raises(LoginFailed):
        await register(sessions, 3003, AMINA._replace(email="aMiNa@example.org"))
    async with sessions() as session:
        assert await session.scalar(select(Account.email)) == "amina@example.org"


async def test_the_command_lines_administrator_can_log_in_with_any_capitals(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await registration.add_staff(session, AMINA, Role.ADMINISTRATOR, NOW)
    async with sessions.begin() as session:
        assert (await sign_in(session, CHAT, "amina@example.org", NOW)).role is Role.ADMINISTRATOR


async def test_a_chat_speaks_for_one_person_and_a_person_may_use_several_chats(sessions: Sessions) -> None:
    await register(sessions)
    async with sessions.begin() as session:
        await sign_in(session, OTHER_CHAT, AMINA.email, NOW)
    for chat in (CHAT, OTHER_CHAT):
        with pytest.raises(AlreadyLinked):
            await register(sessions, chat, AMINA._replace(email="new@example.org"))
    async with sessions() as session:
        with pytest.raises(AlreadyLinked):
            await sign_in(session, CHAT, AMINA.email, NOW)


async def guesses(sessions: Sessions, email: str, chat: int = CHAT, at: datetime = NOW) -> int:
    """A wrong password; returns the minutes to wait, if refused."""
    try:
        async with sessions.begin() as session:
            await logins.begin_attempt(session, chat, email, at)
    except LoginLocked as locked:
        wait = locked.values["wait"]
        assert isinstance(wait, timedelta)
        return ceil(wait / timedelta(minutes=1))
    return 0


@pytest.mark.parametrize("email", [AMINA.email, "nobody@example.org"])
async def test_each_wrong_password_waits_longer_whoever_has_an_account(sessions: Sessions, email: str) -> None:
    """Three at once, then a minute, two, four … up to an hour; the same for an address without an account."""
    await register(sessions)
    now, waits = NOW, []
    for _ in range(12):
        wait = await guesses(sessions, email, next(CHATS), now)
        waits.append(wait)
        if wait:
            assert await guesses(sessions, email, next(CHATS), now + timedelta(minutes=wait, seconds=-1)) == 1
            now += timedelta(minutes=wait)
            assert await guesses(sessions, email, next(CHATS), now) == 0
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]


async def test_a_chat_that_tries_many_addresses_waits_as_well(sessions: Sessions) -> None:
    assert [await guesses(sessions, f"{number}@example.org") for number in range(4)] == [0, 0, 0, 1]


async def test_guesses_are_forgotten_after_a_day(sessions: Sessions) -> None:
    for _ in range(3):
        await guesses(sessions, AMINA.email)
    later = NOW + logins.RESET_AFTER + timedelta(seconds=1)
    assert [await guesses(sessions, AMINA.email, at=later) for _ in range(4)] == [0, 0, 0, 1]


async def test_wrong_passwords_at_the_same_moment_all_count(sessions: Sessions) -> None:
    await register(sessions)
    waits = await asyncio.gather(*(guesses(sessions, AMINA.email, chat) for chat in range(8)))
    assert sorted(waits) == [0, 0, 0, 1, 1, 1, 1, 1]


async def test_a_right_password_forgives_the_address_but_not_the_chat_that_guessed_at_others(
    sessions: Sessions,
) -> None:
    """Otherwise an attacker's own account would reset the limit for guesses at others."""
    await register(sessions)
    assert [await guesses(sessions, AMINA.email) for _ in range(2)] == [0, 0]
    async with sessions.begin() as session:
        await logins.begin_attempt(session, OTHER_CHAT, AMINA.email, NOW)
        await logins.record_success(session, OTHER_CHAT, AMINA.email)
    assert [await guesses(sessions, AMINA.email, next(CHATS)) for _ in range(4)] == [0, 0, 0, 1]
    assert [await guesses(sessions, "other@example.org", CHAT) for _ in range(2)] == [0, 1]


async def test_an_unknown_address_has_no_password_and_no_error_of_its_own(sessions: Sessions) -> None:
    async with sessions() as session:
        assert await logins.begin_attempt(session, CHAT, "nobody@example.org", NOW) is None
        await logins.record_failure(session, "nobody@example.org", NOW)
        with pytest.raises(LoginFailed):
            await sign_in(session, CHAT, "nobody@example.org", NOW)


async def test_unlinking_forgets_the_chat_but_not_the_person(sessions: Sessions) -> None:
    actor = await register(sessions)
    async with sessions.begin() as session:
        staff = await a_staff(session)
        scan = await a_scan(session, staff._replace(patient=actor), "PENDING_AI")
        session.add(Card(scan_id=scan.id, chat_id=CHAT, message_id=5))
        session.add(Card(scan_id=scan.id, chat_id=OTHER_CHAT, message_id=6))
        session.add(Form(key=f"42:{CHAT}:{CHAT}", state="Telling:since", data={}))
        session.add(Form(key=f"42:{OTHER_CHAT}:{OTHER_CHAT}", state="Telling:since", data={}))
    async with sessions.begin() as session:
        await sign_out(session, CHAT, NOW)
    async with sessions() as session:
        assert await actor_for(session, CHAT) is None
        assert [card.chat_id for card in await session.scalars(select(Card))] == [OTHER_CHAT]
        assert [form.key for form in await session.scalars(select(Form))] == [f"42:{OTHER_CHAT}:{OTHER_CHAT}"]
        assert await session.get_one(Account, actor.account_id)
        with pytest.raises(NotLinked):
            await sign_out(session, CHAT, NOW)


async def test_a_language_is_remembered_for_the_person(sessions: Sessions) -> None:
    await register(sessions)
    async with sessions.begin() as session:
        await profile.set_language(session, CHAT, "hi", NOW)
        await profile.set_language(session, OTHER_CHAT, "ta", NOW)
    async with sessions() as session:
        actor = await actor_for(session, CHAT)
        assert actor is not None
        assert actor.language == "hi"
        assert await profile.chosen_language(session, OTHER_CHAT) == "ta"


# Invitations


async def test_only_an_administrator_invites_and_only_to_the_staff(sessions: Sessions) -> None:
    async with sessions() as session:
        staff = await a_staff(session)
        for actor in staff:
            for role in Role:
                plan = PlannedInvite(role, "a@example.org", invitations.new_token())
                assert len(plan.token) >= 43
                if actor.role is Role.ADMINISTRATOR and role in {Role.DOCTOR, Role.PHARMACIST, Role.ADMINISTRATOR}:
                    await invitations.create_invite(session, actor, plan, NOW)
                    continue
                with pytest.raises(NotAllowed):
                    await invitations.create_invite(session, actor, plan, NOW)
                with pytest.raises(NotAllowed):
                    await invitations.request_invite(session, actor, role, "a@example.org", CHAT, NOW)


async def test_an_invitation_makes_a_doctor_once(sessions: Sessions) -> None:
    token = await an_invite(sessions)
    doctor = await register(sessions, invite=token)
    assert doctor.role is Role.DOCTOR
    with pytest.raises(InviteInvalid):
        await register(sessions, OTHER_CHAT, AMINA._replace(email="second@example.org"), token)
    async with sessions() as session:
        with pytest.raises(InviteInvalid):
            await invitations.invited_role(session, token, NOW)
        [used] = await session.scalars(select(Invite))
        assert (used.used_at, used.used_by) == (NOW, doctor.account_id)
        assert await session.scalar(select(func.count()).select_from(Account)) == 1


async def test_of_two_who_open_the_same_invitation_at_once_one_gets_in(sessions: Sessions) -> None:
    """With concurrent writers each has seen it unused before either takes it; SQLite serialises them."""
    at_once = 2 if sessions.kw["bind"].dialect.name == "postgresql" else 1
    token, together = await an_invite(sessions), asyncio.Barrier(at_once)
    async with sessions.begin() as session:  # as made by earlier versions, which named no address
        await session.execute(update(Invite).values(email=None))

    async def joins(chat: int, email: str) -> str:
        try:
            async with sessions.begin() as session:
                await invitations.invited_role(session, token, NOW)
                await together.wait()
                await registration.register(session, chat, AMINA._replace(email=email), NOW, token)
        except InviteInvalid:
            return "refused"
        return "joined"

    answers = await asyncio.gather(joins(CHAT, AMINA.email), joins(OTHER_CHAT, "second@example.org"))
    assert sorted(answers) == ["joined", "refused"]


async def test_an_invitation_is_good_for_three_days(sessions: Sessions) -> None:
    token = await an_invite(sessions)
    assert timedelta(days=3) == INVITE_LIFETIME
    async with sessions() as session:
        assert (
            await invitations.invited_role(session, token, NOW + INVITE_LIFETIME - timedelta(seconds=1)) is Role.DOCTOR
        )
        with pytest.raises(InviteInvalid):
            await invitations.invited_role(session, token, NOW + INVITE_LIFETIME)


@pytest.mark.parametrize("guess", ["", "x", "A" * 43])
async def test_a_guessed_invitation_is_none(sessions: Sessions, guess: str) -> None:
    await an_invite(sessions)
    with pytest.raises(InviteInvalid):
        await register(sessions, invite=guess)
    async with sessions() as session:
        assert await session.scalar(select(func.count()).select_from(Account)) == 0


async def test_neither_the_token_nor_its_role_can_be_edited_on_the_way(sessions: Sessions) -> None:
    """The role is stored on the server; the table holds a hash of the token, which is no token itself."""
    token = await an_invite(sessions, Role.PHARMACIST)
    async with sessions() as session:
        [kept] = await session.scalars(select(Invite))
        assert token not in (kept.token_hash, "")
        for edited in (kept.token_hash, token + "administrator", token.swapcase(), token[:-1]):
            with pytest.raises(InviteInvalid):
                await invitations.invited_role(session, edited, NOW)
        assert await invitations.invited_role(session, token, NOW) is Role.PHARMACIST


async def test_somebody_with_an_account_changes_place_by_an_invitation(sessions: Sessions) -> None:
    before = await register(sessions)
    token = await an_invite(sessions, Role.PHARMACIST)
    async with sessions.begin() as session:
        after = await invitations.accept_invite(session, CHAT, token, NOW)
    assert (after.account_id, after.role) == (before.account_id, Role.PHARMACIST)
    async with sessions() as session:
        with pytest.raises(NotLinked):
            await invitations.accept_invite(session, OTHER_CHAT, token, NOW)


async def test_who_opens_a_link_for_a_role_that_he_has_does_not_use_it_up(sessions: Sessions) -> None:
    token = await an_invite(sessions, email="second@example.org")
    first = await register(sessions, invite=await an_invite(sessions))
    with pytest.raises(RoleHeld):
        async with sessions.begin() as session:
            await invitations.accept_invite(session, CHAT, token, NOW)
    second = await register(sessions, OTHER_CHAT, AMINA._replace(email="second@example.org"), token)
    assert (first.role, second.role) == (Role.DOCTOR, Role.DOCTOR)


# Passwords


def test_a_long_tamil_password_counts_to_its_last_letter() -> None:
    """bcrypt alone takes 72 bytes, which is 24 Tamil letters."""
    assert len(TAMIL.encode()) > 72
    hashed = passwords.hash_password(TAMIL, cost=4)
    assert passwords.matches(TAMIL, hashed)
    assert not passwords.matches(TAMIL[:-1] + "க", hashed)


@pytest.mark.slow
def test_passwords_are_kept_as_bcrypt_of_cost_twelve() -> None:
    hashed = passwords.hash_password("correct horse")
    assert hashed.startswith("$2b$12$")
    assert passwords.matches("correct horse", hashed)
    assert not passwords.matches("correct horsE", hashed)


def test_nobodys_password_is_always_wrong_and_costs_as_much() -> None:
    assert passwords._dummy_hash(passwords.COST).startswith("$2b$12$")
    assert not passwords.matches("anything", None)


@pytest.mark.parametrize(
    "weak", ["", "short7!", "password", "PASSWORD1", "aaaaaaaaaaaa", "12121212", "iloveyou2", "Krishna@1", "qwerty123"]
)
def test_a_password_that_is_easy_to_guess_is_refused(weak: str) -> None:
    with pytest.raises(WeakPassword):
        passwords.hash_password(weak, cost=4)


def test_the_persons_own_name_and_address_are_no_password() -> None:
    with pytest.raises(WeakPassword):
        passwords.hash_password("AminaYusuf", ["Amina", "Yusuf", "amina@example.org"], cost=4)


def test_a_null_byte_ends_no_password() -> None:
    """A C string ends at a null byte; a password must not."""
    hashed = passwords.hash_password("long enough\0and more", cost=4)
    assert not passwords.matches("long enough\0and less", hashed)
