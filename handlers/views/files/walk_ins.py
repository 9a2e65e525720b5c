"""A walk-in at the desk: what was given so far, and the file."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from aiogram.types import InlineKeyboardMarkup

from handlers.ui import callbacks
from handlers.ui.callbacks.walk_in import NoAllergies, OnWalkIn, PrintReport, SignedConsent, WalkInAction
from handlers.ui.keyboards import Buttons, rows
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.files.consent import take_back_button, with_end
from handlers.views.identity import person_line, who_line
from handlers.views.paging import join_blocks
from handlers.views.rejection import stage_text
from models.tables.accounts import Account
from models.vocabulary import ScanStatus, Sex
from workflow.accounts.files.walk_ins import WalkIn, WalkInFile

CLAIM_PREFIX: Final = "claim_"  # of the payload of a slip's deep link


def walk_in_of(data: Mapping[str, Any]) -> WalkIn:
    """The answers of the form so far."""
    return WalkIn(
        name=data["name"],
        language=data["language"],
        date_of_birth=date.fromisoformat(data["date_of_birth"]),
        birth_estimated=data["birth_estimated"],
        sex=Sex(data["sex"]),
        phone=data.get("phone"),
        allergies=data.get("allergies"),
    )


def read_back(person: WalkIn, texts: Texts, today: date) -> Html:
    """The answers that will be registered, to be compared with the paper."""
    born = {"date_of_birth": person.date_of_birth, "birth_estimated": person.birth_estimated}
    account = Account(name=person.name, sex=person.sex, **born)
    allergies = texts("unknown") if person.allergies is None else ", ".join(person.allergies) or texts("facts.none")
    return texts(
        "walk_in.read_back",
        person=person_line(account, texts),
        age=texts.age(person.date_of_birth, today),
        phone=person.phone or texts("unknown"),
        allergies=allergies,
        language=texts(f"language.{person.language}"),
    )


def no_allergies_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.fact_none"), NoAllergies()), (texts.plain("button.skip"), callbacks.Skip())])


def consent_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.paper_consent"), SignedConsent())])


def file_view(file: WalkInFile, texts: Texts) -> View:
    """Identity, consent, scans with their stage, and what can be done."""
    account = file.account
    lines = [texts("walk_in.file", identity=who_line(account, texts), phone=account.phone or texts("unknown"))]
    if file.consent:
        given = texts("walk_in.consent_line", day=texts.date_of(file.consent.given_at), name=file.consent_by)
        lines.append(with_end(given, file.consent, texts))
    if file.claimed:
        lines.append(texts("walk_in.claimed"))
    scans = [
        texts("scans.line", scan=scan.id, time=texts.time(scan.created_at), stage=stage_text(scan, texts))
        for scan in file.scans
    ]
    ready = [scan.id for scan in file.scans if scan.status is ScanStatus.REPORT_READY]
    buttons: Buttons = [(texts.plain("button.print_report", scan=one), PrintReport(scan_id=one)) for one in ready]
    if not file.claimed:
        first = WalkInAction.SEND_FILM if file.agreed else WalkInAction.SIGNED_AGAIN
        names = (first, WalkInAction.CLAIM_SLIP, WalkInAction.REVOKE_SLIP)
        buttons = [
            *((texts.plain(f"button.{one}"), OnWalkIn(action=one, patient_id=account.id)) for one in names),
            *buttons,
            *([take_back_button(account.id, texts)] if file.agreed else ()),
        ]
    text = join_blocks(Html("\n".join(lines)), Html("\n".join(scans)) if scans else texts("walk_in.no_scan"))
    return View(text, rows(buttons) if buttons else None)
