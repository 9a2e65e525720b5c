"""Relatives for whom a person acts: whom a picture shows, and each person's page."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.callbacks.family import (
    AgreeFor,
    ChooseRelation,
    DropPictures,
    FactsAnswer,
    FactsOf,
    FamilyAction,
    NewPerson,
    OnPerson,
    PictureOf,
)
from handlers.ui.keyboards import Buttons, rows
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts
from handlers.views.files.consent import take_back_button
from handlers.views.identity import person_line, who_line
from handlers.views.paging import join_blocks
from models.tables.accounts import Account
from models.tables.proxies import Proxy
from models.vocabulary import Relation, Sex
from workflow.accounts.files import dependants
from workflow.accounts.files.dependants import RELATIONS, Dependant
from workflow.actors import Actor


def choice_view(actor: Actor, family: Sequence[Proxy], count: int, texts: Texts) -> View:
    """The question whom the waiting pictures show."""
    own: Buttons = [(texts.plain("button.for_me"), PictureOf(patient_id=actor.account_id or 1))]
    others: Buttons = [(_name(one), PictureOf(patient_id=one.patient_id)) for one in family]
    rest: Buttons = [
        (texts.plain("button.new_person"), NewPerson()),
        (texts.plain("button.drop_pictures"), DropPictures()),
    ]
    return View(texts("for_whom.ask", count=count), rows([*own, *others, *rest], width=1))


def dependant_of(data: Mapping[str, Any]) -> Dependant:
    """The answers of the form so far."""
    born = date.fromisoformat(data["date_of_birth"])
    return Dependant(data["name"], born, data["birth_estimated"], Sex(data["sex"]), Relation(data["relation"]))


def consent_text(person: Dependant, texts: Texts, today: date) -> Html:
    """Whom the relative names, and what they agree to in that person's place."""
    born = {"date_of_birth": person.date_of_birth, "birth_estimated": person.birth_estimated}
    account = Account(name=person.name, sex=person.sex, **born)
    named = texts("family.read_back", person=person_line(account, texts), age=texts.age(person.date_of_birth, today))
    return join_blocks(named, consent_sentence(account, texts, today))


def consent_sentence(account: Account, texts: Texts, today: date) -> Html:
    """The text of the agreement that a relative gives in the place of a child, or of an adult."""
    adult = dependants.may_claim(account, today)
    return texts("family.consent_adult" if adult else "family.consent_child", name=account.name)


def relation_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain(f"relation.{one}"), ChooseRelation(relation=one)) for one in RELATIONS])


def agree_keyboard(texts: Texts) -> InlineKeyboardMarkup:
    return rows([(texts.plain("button.agree"), AgreeFor())])


def facts_keyboard(texts: Texts, patient_id: int, known: bool) -> InlineKeyboardMarkup:
    """To answer the questions about a relative, or to confirm what was told before."""
    first = [("button.fact_as_before", FactsAnswer.SAME), ("button.fact_changed", FactsAnswer.NOW)]
    choices = [*(first if known else [("button.fact_answer", FactsAnswer.NOW)]), ("button.not_now", FactsAnswer.LATER)]
    return rows([(texts.plain(key), FactsOf(patient_id=patient_id, answer=answer)) for key, answer in choices])


def family_view(family: Sequence[Proxy], texts: Texts) -> View:
    """Everybody for whom the person acts, each with a button."""
    lines = [_line(one, texts) for one in family] or [texts("family.none")]
    people: Buttons = [
        (_name(one), OnPerson(action=FamilyAction.OPEN_PERSON, patient_id=one.patient_id)) for one in family
    ]
    keyboard = rows([*people, (texts.plain("button.new_person"), NewPerson())], width=1)
    return View(Html("\n".join([texts("family.head"), *lines])), keyboard)


def person_view(one: Proxy, agreed: bool, texts: Texts, today: date) -> View:
    """One person with what can be done for them; an adult can open the own file, a child's can be erased.

    `agreed`: a consent is in force."""
    adult = dependants.may_claim(one.patient, today)
    first, last = ([FamilyAction.OWN_SLIP], []) if adult else ([], [FamilyAction.ERASE_FILE])
    buttons: Buttons = [
        (texts.plain(f"button.{action}"), OnPerson(action=action, patient_id=one.patient_id))
        for action in (*first, FamilyAction.GIVE_UP, *last)
    ]
    if agreed:
        buttons.append(take_back_button(one.patient_id, texts))
    return View(join_blocks(_line(one, texts), texts("family.person")), rows(buttons, width=1))


def _name(one: Proxy) -> str:
    """The name with the year of birth: two relatives may share a name."""
    born = one.patient.date_of_birth
    return f"{one.patient.name} · {born.year}" if born else one.patient.name


def _line(one: Proxy, texts: Texts) -> Html:
    return Html(f"{who_line(one.patient, texts)} · {texts(f'relation.{one.relation}')}")
