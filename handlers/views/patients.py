"""Patients that a search found, and one patient's story."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from handlers.ui import keyboards
from handlers.ui.callbacks import CardAction, OnCard
from handlers.ui.callbacks.history import OpenPatient
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.facts import facts_block
from handlers.views.identity import birth_text
from handlers.views.paging import join_blocks, truncate
from handlers.views.reading.earlier import past_line
from handlers.views.rejection import stage_text
from models.tables.accounts import Account
from workflow.reporting.patients import MAX_MATCHES, Story
from workflow.reporting.release import patient_number
from workflow.scans.children import age_on

MAX_CONCLUSION: Final = 160  # characters of a scan's line


def matches_view(found: Sequence[Account], texts: Texts, at: datetime) -> View:
    """A line and a button for each match."""
    if not found:
        return View(texts("patient.none"))
    lines = [texts("patient.found"), *(match_line(account, texts, at) for account in found)]
    if len(found) == MAX_MATCHES:
        lines.append(texts("patient.cut", most=MAX_MATCHES))
    buttons: keyboards.Buttons = [(patient_number(one.id), OpenPatient(account_id=one.id)) for one in found]
    return View(Html("\n".join(lines)), keyboards.rows(buttons, width=3))


def story_view(story: Story, texts: Texts, at: datetime) -> View:
    """Identity, facts, and the newest scans with date, stage and conclusion, each with a button for its card."""
    account, scans = story.account, story.history.scans
    head = [match_line(account, texts, at), *contact_lines(story, texts)]
    lines = [texts("patient.scans", shown=len(scans), total=story.history.total)]
    for past in scans:
        lines.append(past_line(past, texts, partial(truncate, most=MAX_CONCLUSION)))
        if past.conclusion:
            lines[-1] = Html(f"{lines[-1]} · {stage_text(past.scan, texts)}")
    facts = facts_block(story.facts.facts if story.facts else None, texts, partial(truncate, most=200))
    buttons: keyboards.Buttons = [
        (f"#{past.scan.id}", OnCard(action=CardAction.OPEN, scan_id=past.scan.id)) for past in scans
    ]
    return View(
        join_blocks(Html("\n".join(head)), facts, Html("\n".join(lines))),
        keyboards.rows(buttons, width=4) if buttons else None,
    )


def contact_lines(story: Story, texts: Texts) -> list[Html]:
    """The patient's telephone, and each relative who sends for them, with telephone or address."""
    own = [texts("patient.phone", phone=story.account.phone)] if story.account.phone else []
    reached = [(one.name, one.phone or one.email or "–") for one in story.relatives]
    return own + [texts("patient.relative", name=name, contact=contact) for name, contact in reached]


def match_line(account: Account, texts: Texts, at: datetime) -> Html:
    """Number, name, sex, birth date and age."""
    age = str(age_on(at.date(), account.date_of_birth)) if account.date_of_birth else "–"
    born = birth_text(account, texts)
    values = {"number": patient_number(account.id), "name": account.name, "born": born, "age": age}
    return texts("patient.line", sex=texts(f"sex.{account.sex}"), **values)
