"""Steps for patients' files without a chat: walk-ins at the desk."""

import re

from bot.dev.sandbox import Person
from tests.support.people import Clinic


async def registers_walk_in(clinic: Clinic, name: str = "Kumar Raja", born: str = "45 years") -> str:
    """Joseph registers a walk-in with telephone, allergy and the signed paper; returns the patient's number."""
    joseph = clinic.joseph
    await joseph.sends("/walkin")
    for asked, typed in (("full name", name), ("date of birth", born)):
        await joseph.sees(asked)
        await joseph.sends(typed)
    await joseph.presses("Male", on="Which sex")
    await joseph.presses("English", on="In which language")
    await joseph.sees("telephone number")
    await joseph.sends("+91 98400 12345")
    await joseph.sees("because of an allergy")
    await joseph.sends("penicillin")
    shown = await joseph.sees("signed the consent on paper")
    assert all(one in shown.text for one in (name, "+919840012345", "penicillin", "English"))
    await joseph.presses("Signed on paper")
    asked_for = await joseph.sees("Now send this patient's film")
    return re.findall(r"P\d{6}", asked_for.text)[0]


async def sends_film(clinic: Clinic, complaint: str) -> None:
    """Joseph sends the film of the walk-in whose file is open, with the complaint."""
    await clinic.joseph.sends_photo(clinic.picture)
    await clinic.joseph.sees("What troubles the patient")
    await clinic.joseph.sends(complaint)
    await clinic.joseph.presses("Skip", on="Since when")
    await clinic.joseph.sees("hears when the report is ready")


async def gets_slip(clinic: Clinic, number: str = "") -> str:
    """Joseph, whose chat was proved just now, draws a slip; returns the payload of its link."""
    await clinic.joseph.presses("🎫 Claim slip", on=number)
    slip = await clinic.joseph.sees(f"Slip for Kumar Raja ({number}", timeout=30)
    return re.findall(r"start=(\S+)", slip.text)[0]


async def names_mother(person: Person, born: str = "12.5.1952") -> None:
    """A daughter, whose picture waits or who asked for /family, adds her mother and agrees for her."""
    await person.sees("full name of the person")
    await person.sends("Lakshmi Ammal")
    await person.sees("Their date of birth")
    await person.sends(born)
    await person.presses("Female", on="Which sex")
    await person.presses("Mother or father", on="Who is that person to you")
    shown = await person.sees("You say that Lakshmi Ammal knows this and agrees")
    assert "female" in shown.text
    await person.presses("I agree", on="You say that")
