"""Questions about a scan with their answers, and the buttons to ask, answer and withdraw them."""

from collections.abc import Callable, Sequence

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.callbacks.clarification import (
    AnswerClarification,
    AskReady,
    CancelClarification,
    ChooseAnswer,
    WithdrawClarification,
)
from handlers.ui.keyboards import Buttons, rows, stack
from handlers.ui.texts import Html, Texts
from models.tables.clarifications import Clarification
from models.tables.scans import Scan
from models.vocabulary import Role, ScanStatus
from workflow.actors import Actor
from workflow.scans.clarifications import READY, READY_ANSWERS, may_ask, may_withdraw, topic_of
from workflow.scans.patient_facts import Topic


def question_text(one: Clarification, texts: Texts) -> str:
    key = one.question.removeprefix(READY)
    return one.question if key == one.question else texts.plain(f"clarify_question.{key}")


def answer_text(one: Clarification, texts: Texts) -> str:
    """The answer; ready ones in the reader's language."""
    answer = one.answer or ""
    key = answer.removeprefix(READY)
    return answer if key == answer else texts.plain(f"clarify_answer.{key}")


def clarification_block(scan: Scan, texts: Texts, fit: Callable[[str], str]) -> list[Html]:
    """The questions of a scan for a card of the staff: the open ones first and never shortened; withdrawn ones go."""
    answered = [one for one in scan.clarifications if one.answered_at]
    lines = [clarification_line(one, texts) for one in scan.clarifications if one.is_open and _is_alive(scan)]
    lines += [clarification_line(one, texts, fit) for one in answered]
    return [Html("\n".join(lines))] if lines else []


def clarification_line(one: Clarification, texts: Texts, fit: Callable[[str], str] = str) -> Html:
    """A question with asker and addressee, and its answer or that it is open."""
    asked = texts(
        "clarify.asked",
        name=one.asker.name,
        addressee=texts(f"role.{one.addressee}"),
        question=fit(question_text(one, texts)),
    )
    if one.answered_at and one.answerer:
        return Html(f"{asked}\n{texts('clarify.answer', name=one.answerer.name, answer=fit(answer_text(one, texts)))}")
    state = "clarify.withdrawn" if one.withdrawn_at else "clarify.open"
    return Html(f"{asked}\n{texts(state, time=texts.time(one.withdrawn_at or one.asked_at))}")


def open_count(scan: Scan) -> int:
    return sum(one.is_open for one in scan.clarifications) if _is_alive(scan) else 0


def answer_keyboard(texts: Texts, one: Clarification) -> InlineKeyboardMarkup:
    """Ready answers where the question has them, and a button to type one, except about pregnancy."""
    topic = topic_of(one)
    buttons: Buttons = [
        (
            texts.plain(f"clarify_answer.{topic}_{value}"),
            ChooseAnswer(scan_id=one.scan_id, number=one.number, value=value),
        )
        for value in (READY_ANSWERS[topic] if topic else ())
    ]
    if topic is not Topic.PREGNANCY:
        label = "button.allergy_yes" if topic else "button.fact_answer"
        buttons.append((texts.plain(label), AnswerClarification(scan_id=one.scan_id, number=one.number)))
    return rows(buttons, width=1)


def list_keyboard(scan: Scan, one: Clarification, actor: Actor, texts: Texts) -> InlineKeyboardMarkup | None:
    """The buttons below one question of the list, for the addressee, the asker and administrators."""
    if not one.is_open or not may_ask(scan):
        return None
    if one.addressee is actor.role:
        return answer_keyboard(texts, one)
    if actor.role is not Role.DOCTOR and may_withdraw(one, actor):
        withdraw = WithdrawClarification(scan_id=one.scan_id, number=one.number)
        return rows([(texts.plain("button.withdraw_question"), withdraw)])
    return None


def cancel_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.cancel_question"), CancelClarification())])


def ready_keyboard(texts: Texts, ready: Sequence[Topic]) -> InlineKeyboardMarkup:
    """The ready questions that apply to the patient, and Cancel."""
    named: Buttons = [(texts.plain(f"clarify_question.{topic}"), AskReady(topic=topic)) for topic in ready]
    return stack(rows(named, width=1), cancel_keyboard(texts))


def _is_alive(scan: Scan) -> bool:
    return scan.status is not ScanStatus.REJECTED
