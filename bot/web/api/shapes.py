"""The shapes of requests and answers, from which the API's document is made."""

import re
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints

from models.tables.accounts import Account
from models.tables.claims import Claim
from models.vocabulary import Sex
from workflow.reporting.release import patient_number
from workflow.scans.children import age_on

MAX_ID: Final = 999_999_999  # of a path or a field; nothing has a higher number
NO_NUL: Final = r"^[^\x00]*$"  # PostgreSQL takes a NUL in no text


def _written_as(pattern: str) -> BeforeValidator:
    """Take this form alone of all that pydantic reads as a number or a date."""
    form = re.compile(pattern)

    def check(text: Any) -> Any:  # noqa: ANN401 - whatever a request holds
        if isinstance(text, str) and form.fullmatch(text) is None:
            raise ValueError
        return text

    return BeforeValidator(check)


def _whole(number: Any) -> Any:  # noqa: ANN401
    """JSON knows no integers: 405.0 is one by its schema."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


Id = Annotated[int, Field(ge=1, le=MAX_ID)]
BodyId = Annotated[Id, BeforeValidator(_whole)]
QueryId = Annotated[Id, _written_as("[0-9]{1,9}")]
QueryPage = Annotated[int, Field(ge=0, le=99_999), _written_as("[0-9]{1,5}")]
QueryDay = Annotated[date, _written_as("[0-9]{4}-[0-9]{2}-[0-9]{2}")]
BodyDay = Annotated[date, _written_as("[0-9]{4}-[0-9]{2}-[0-9]{2}"), Strict(strict=False)]
Text = Annotated[str, StringConstraints(pattern=NO_NUL)]


class Body(BaseModel):
    """The JSON of a request: nothing is converted, and nothing unknown is taken."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """The fields behind the question mark of an address."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """The JSON of an answer, and its HTTP status."""

    model_config = ConfigDict(frozen=True)
    http_status: ClassVar[int] = 200


class FieldProblem(Answer):
    """A field that is wrong, and why, as a word of pydantic's; never its value."""

    field: str
    problem: str


class Problem(Answer):
    """A refusal (RFC 9457). `key` is stable, `detail` a sentence in the reader's language."""

    type: str = "about:blank"
    title: str
    status: int
    key: str | None = None
    detail: str | None = None
    fields: list[FieldProblem] | None = None


class Patient(Answer):
    """`age_years` on the day of the scan, or today."""

    id: int
    number: str
    name: str
    sex: Sex
    age_years: int | None

    @classmethod
    def of(cls, account: Account, day: date) -> "Patient":
        age = age_on(day, account.date_of_birth) if account.date_of_birth else None
        number = patient_number(account.id)
        return cls(id=account.id, number=number, name=account.name, sex=account.sex, age_years=age)


class ClaimOfScan(Answer):
    """`mine`: the caller holds it."""

    holder: int
    holder_name: str
    since: datetime
    until: datetime
    mine: bool

    @classmethod
    def of(cls, claim: Claim | None, account_id: int | None) -> "ClaimOfScan | None":
        if claim is None:
            return None
        mine = claim.account_id == account_id
        name = claim.holder.name
        return cls(holder=claim.account_id, holder_name=name, since=claim.since, until=claim.until, mine=mine)
