"""Callback data of the inline buttons, one typed class for each intention.

Sent buttons stay in chats, so the prefixes, the enum values and the order of the fields stay as they are."""

from enum import StrEnum
from typing import Annotated, Final

from aiogram.filters.callback_data import CallbackData
from pydantic import Field

from models.vocabulary import Role, Sex
from workflow.accounts.staff import StaffChange
from workflow.scans.draft_hash import DRAFT_HASH_DIGITS

ScanId = Annotated[int, Field(ge=1, le=2**31 - 1)]  # the range of the column


class CardAction(StrEnum):
    OPEN = "open"
    ANALYSE = "analyse"
    HEAT_MAP = "heat_map"
    PICTURE = "picture"
    WRITE_FINDINGS = "findings"
    VERIFY = "verify"
    VERIFY_AGREE = "verify_agree"
    VERIFY_DISAGREE = "verify_disagree"
    BETTER_PICTURE = "better"
    SAME_SCAN = "same_scan"
    PRESCRIBE = "prescribe"
    NO_MEDICINE = "no_medicine"
    COMPLETE = "complete"
    APPROVE = "approve"
    REJECT = "reject"
    READ_ALL = "read_all"
    REPORT = "report"
    PREVIEW = "preview"
    PRELIMINARY = "preliminary"
    AMEND = "amend"
    ADDENDUM = "addendum"
    APPROVE_AMENDMENT = "approve_change"
    DECLINE_AMENDMENT = "decline_change"
    CRITICAL = "critical"
    ACKNOWLEDGE = "heard"
    PATIENT_REACHED = "reached"
    TAKE_OVER = "take_over"
    GIVE_BACK = "give_back"
    COUNTERSIGN = "countersign"
    CORRECT = "correct"
    CONFIRM = "confirm"
    COMPARE = "compare"
    ORIGINAL = "original"
    ASK_DOCTOR = "ask_doctor"
    ASK_PATIENT = "ask_patient"
    QUESTIONS = "questions"
    STAT = "stat"
    NOT_STAT = "not_stat"
    VOICE = "voice"  # play the patient's voice notes


class OnCard(CallbackData, prefix="c"):
    """A button of a scan's card."""

    action: CardAction
    scan_id: ScanId


class OnReading(CallbackData, prefix="d"):
    """Open a part of the draft; a region is opened by its name."""

    scan_id: ScanId
    part: str


class Diagnose(CallbackData, prefix="dx"):
    """Write a ready reading."""

    scan_id: ScanId
    name: str


class SetPhrase(CallbackData, prefix="rg"):
    """Add or remove a phrase of a region; without a phrase the region is normal."""

    scan_id: ScanId
    region: str
    phrase: str = ""
    on: bool = True


class SetBand(CallbackData, prefix="bd"):
    """Recommend an action to the patient."""

    scan_id: ScanId
    band: str


class DeskAction(StrEnum):
    CLAIM = "claim"
    REPLY = "reply"
    CLOSE = "close"
    NO_EMERGENCY = "no_emergency"
    MUTE = "mute"  # the chat rings nobody for a day
    PARK = "park"


class OnTicket(CallbackData, prefix="t"):
    """A button of a help desk conversation, for staff."""

    action: DeskAction
    ticket_id: int = Field(ge=1, le=2**31 - 1)


class CallDesk(CallbackData, prefix="human"):
    """Ask for a person."""


class LeaveDesk(CallbackData, prefix="leave"):
    """End the open conversation of this chat."""


class Skip(CallbackData, prefix="skip"):
    """Skip the open question."""


class RetakeReason(CallbackData, prefix="why"):
    """A ready reason for asking for a better picture."""

    name: str


class ChooseSex(CallbackData, prefix="sex"):
    sex: Sex


class ChooseLanguage(CallbackData, prefix="lang"):
    language: str


class CorrectBirth(CallbackData, prefix="born"):
    """Type the birth date of the registration again."""


class ChooseTopic(CallbackData, prefix="faq"):
    """Show an FAQ topic; `token` refers to the unanswered question for which it was offered."""

    topic: str
    token: str = ""


class SendAgain(CallbackData, prefix="again", sep="|"):
    """Retry a failed delivery. Its key contains colons, hence the other separator."""

    key: str


class StopWhatsApp(CallbackData, prefix="nowa"):
    """Stop the delivery of reports by WhatsApp."""


class InviteTo(CallbackData, prefix="inv"):
    role: Role


class OpenMember(CallbackData, prefix="who"):
    """Open a staff account from the list."""

    account_id: int = Field(ge=1, le=2**31 - 1)


class ManageMember(CallbackData, prefix="staff"):
    """Change a staff account; asks for a code."""

    account_id: int = Field(ge=1, le=2**31 - 1)
    change: StaffChange


class AcceptInvitation(CallbackData, prefix="join"):
    """Accept the invitation that this chat opened last."""


class SwitchRole(CallbackData, prefix="as"):
    """Switch the role of this chat."""

    role: Role


class SwitchModel(CallbackData, prefix="model"):
    """Turn the model on or off."""

    on: bool


class Consent(CallbackData, prefix="agree"):
    """Give or decline the consent."""

    agree: bool


class Unlink(CallbackData, prefix="unlink"):
    """Unlink this chat from the account."""


class ExportMe(CallbackData, prefix="export"):
    """Export all data about the account; asks for the password."""


class ForgetMe(CallbackData, prefix="forget"):
    """Explain the erasure of the account."""


class ConfirmForget(CallbackData, prefix="forget_yes"):
    """Erase the account; asks for the password."""


class Noted(CallbackData, prefix="noted"):
    """Delete the recovery codes from the chat: they have been noted."""


class EndSession(CallbackData, prefix="end"):
    """Unlink another chat; the id of this chat unlinks all others."""

    chat_id: int = Field(ge=-(2**63), lt=2**63)


class ResendCode(CallbackData, prefix="resend"):
    """Mail the confirmation code again."""


class SignText(CallbackData, prefix="w"):
    """Sign the text above the button, identified by its hash."""

    action: CardAction
    scan_id: ScanId
    draft_hash: str = Field(pattern=f"^[0-9a-f]{{{DRAFT_HASH_DIGITS}}}$")


class OnAmendment(CallbackData, prefix="ch"):
    """Open, approve or decline an amendment, by its number within the scan."""

    action: CardAction
    scan_id: ScanId
    number: int = Field(ge=1, le=2**31 - 1)


VERIFYING: Final = ("verify", "verify_agree", "verify_disagree")
SIGNING_ACTIONS: Final = set(map(CardAction, (*VERIFYING, "complete", "countersign", "confirm")))
AMENDMENT_DECISIONS: Final = (CardAction.APPROVE_AMENDMENT, CardAction.DECLINE_AMENDMENT)
