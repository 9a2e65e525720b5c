"""One scan on its way through the chats: people who do a step again when nothing came of it, and say so."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from itertools import cycle
from time import monotonic
from typing import Final, NamedTuple

from bot.dev.chaos.clinic import CLOCK_JUMP, Clinic
from bot.dev.chaos.state import State, read_state
from bot.dev.sandbox import Person, SandboxClient
from bot.dev.sandbox.client.transcript import NotFoundInChat
from models.vocabulary import ScanStatus

PATIENCE: Final = CLOCK_JUMP + 60  # seconds that a person waits for a button, a question, a mail, a step's effect
SHOWN: Final = 6  # messages of a person to whom the bot said nothing
SIGNS: Final = 200  # of each
LOOKS: Final = 0.3  # seconds between two looks at the database
APOLOGY: Final = "went wrong on our side"
ANSWERS: Final = {
    "your own reading": "Probably viral.",
    "Findings: what": "Patchy opacities in both lower zones.",
    "Impression: what": "Consistent with infection.",
    "Recommendations: what": "Clinical correlation; repeat film in two weeks.",
}
CODE: Final = re.compile(r"\b\d{6}\b")


class Team(NamedTuple):
    """The staff of one scan; `mailbox` is the administrator's address."""

    doctor: Person
    pharmacist: Person
    administrator: Person
    mailbox: str


class Repeat(NamedTuple):
    """A step that a person had to do again; `told`: the bot had asked for it."""

    step: str
    scan: int | None
    told: bool


class AskedAgain(Exception):
    """The bot's answer to a press asked to try again."""


class Journey:
    """Brings the scan of one patient from the photo to the report."""

    def __init__(
        self,
        clinic: Clinic,
        wire: SandboxClient,
        team: Team,
        patient: Person,
        email: str,
        report: Callable[[str], None],
    ) -> None:
        self._report = report
        self._clinic, self._wire, self._team, self._patient, self._email = clinic, wire, team, patient, email
        self.repeats: list[Repeat] = []

    async def play(self, picture: bytes) -> None:
        """Return when the scan is released and its report issued."""
        while (state := await self._state()) is None:
            await self._do("send the photo", None, self._patient, lambda: self._uploads(picture))
        await self._answers()
        while state.status is not ScanStatus.REPORT_READY:
            step, person, act = self._next(state)
            await self._do(step, state, person, act)
            state = await self._state() or state

    async def _state(self) -> State | None:
        return await read_state(self._clinic, self._email)

    def _next(self, state: State) -> tuple[str, Person, Callable[[], Awaitable[object]]]:
        doctor, pharmacist, administrator, _ = self._team
        number, card = state.scan_id, f"Scan #{state.scan_id} ·"
        draft = f"Written down for scan #{number}."
        match state:
            case State(status=ScanStatus.PENDING_AI):
                return "Analyse", doctor, lambda: _press(doctor, "Analyse", card)
            case State(status=ScanStatus.AI_ANALYZED, is_read=False):
                return "write findings", doctor, lambda: self._writes(number)
            case State(status=ScanStatus.AI_ANALYZED):
                return "Verify", doctor, lambda: _press(doctor, "Verify", draft, card)
            case State(status=ScanStatus.DOCTOR_VERIFIED, is_prescribed=False):
                return "prescribe", pharmacist, lambda: self._prescribes(number)
            case State(status=ScanStatus.DOCTOR_VERIFIED):
                lines = f"scan #{number}\n\n💊 Written"
                return "Complete", pharmacist, lambda: _press(pharmacist, "Complete", lines, card)
        return "Approve", administrator, lambda: self._approves(card)

    async def _do(self, step: str, state: State | None, person: Person, act: Callable[[], Awaitable[object]]) -> None:
        """Do a step and wait for its effect; where none comes, note that it has to be done again."""
        apologies = await _apologies(person)
        async with asyncio.TaskGroup() as group:
            acting = group.create_task(_tries(act))
            is_over = await self._changes(state, person, apologies, acting)
            was_asked = acting.done() and acting.result()
            acting.cancel()
            if is_over:
                return
        told = was_asked or await _apologies(person) > apologies
        self.repeats.append(Repeat(step, state.scan_id if state else None, told))
        self._report(f"again:  {step} of scan {state.scan_id if state else 'without number'}")
        if not told:  # invented people: nothing of a patient
            last = (await person.messages())[-SHOWN:]
            lines = [one.line(person.name).replace("\n", " ")[:SIGNS] for one in last]
            self._report("\n".join(["the chat shows:", *lines]))

    async def _changes(self, state: State | None, person: Person, apologies: int, acting: asyncio.Task[bool]) -> bool:
        """True once the scan's state is another; False when the bot asks this person to try again, or nothing comes."""
        until = monotonic() + PATIENCE
        while monotonic() < until:
            until = until if acting.done() else monotonic() + PATIENCE
            if await self._state() != state:
                return True
            if await _apologies(person) > apologies or (acting.done() and acting.result()):
                return False
            await asyncio.sleep(LOOKS)
        return False

    async def _uploads(self, picture: bytes) -> None:
        await self._patient.sends_photo(picture)

    async def _answers(self) -> None:
        """The patient's two questions; nothing waits for them."""
        for question, answer in (("What troubles you", "Cough"), ("Since when", "Three days")):
            try:
                await self._patient.sees(question, timeout=PATIENCE)
            except NotFoundInChat:
                return
            await self._patient.sends(answer)

    async def _writes(self, number: int) -> None:
        doctor = self._team.doctor
        await _press(doctor, "Write findings", f"Scan #{number} ·")
        for _ in range(2 * len(ANSWERS)):
            asked = (await doctor.sees(f"scan #{number}\n", timeout=PATIENCE)).text
            answer = next((words for question, words in ANSWERS.items() if question in asked), None)
            if answer is None:
                return
            await doctor.sends(answer)

    async def _prescribes(self, number: int) -> None:
        await _press(self._team.pharmacist, "Prescribe", f"Scan #{number} ·")
        await _press(self._team.pharmacist, "Fever, pain", f"for scan #{number}:")

    async def _approves(self, card: str) -> None:
        """Type the code of each mail: where nobody knew whether one had arrived, the next has another code."""
        earlier = await self._wire.mails(self._team.mailbox)
        await _press(self._team.administrator, "Approve", card)
        last = earlier[-1] if earlier else None
        while True:
            last = await self._wire.mail_to(self._team.mailbox, "release report", after=last, timeout=PATIENCE)
            await self._team.administrator.sends(*CODE.findall(last.text))


async def _tries(act: Callable[[], Awaitable[object]]) -> bool:
    """Whether the answer to a press asked to try again."""
    try:
        await act()
    except AskedAgain:
        return True
    except NotFoundInChat:
        return False
    return False


async def _press(person: Person, label: str, *places: str) -> None:
    """Press the button where it is first found: a card may be late, and a kill may have kept a draft from the chat,
    whose button stands on the card, too."""
    until = monotonic() + PATIENCE
    for on in cycle(places):
        try:
            answer = await person.presses(label, on=on)
        except NotFoundInChat:
            if monotonic() > until:
                raise
        else:
            if APOLOGY in (answer.text or ""):
                raise AskedAgain
            return


async def _apologies(person: Person) -> int:
    """How many times the bot has asked this person to try again."""
    return sum(APOLOGY in message.text for message in await person.messages())
