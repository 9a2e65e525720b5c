"""What a scan looks like in a chat: one live card for each reader, edited in place."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from typing import Final, NamedTuple

from aiogram.types import InlineKeyboardMarkup

from handlers.ui.decisions import under
from handlers.ui.keyboards import CardAction, on_card
from handlers.ui.texts import Html, Texts, bare
from models.tables.desk import Ticket
from models.tables.people import Account, Role
from models.tables.scans import Finding, Reading, Report, Scan, Status
from reports.content.reading import Region
from reports.pdf.words import catalogue
from workflow.reporting import builder
from workflow.scans.reading import kind_of
from workflow.scans.risk import risk_of

CAPTION: Final = 1024  # Telegram's limits, in UTF-16 units after parsing
MESSAGE: Final = 4096
STAGES: Final = tuple(status for status in Status if status is not Status.REJECTED)
BAR: Final = 8


class View(NamedTuple):
    text: Html
    keyboard: InlineKeyboardMarkup | None


def patient_card(scan: Scan, texts: Texts) -> View:
    """Five steps with marks. No word of the model's answer: that belongs to the doctor and the report."""
    head = texts("card.patient", scan=scan.id, time=texts.time(scan.created_at))
    if scan.status is Status.REJECTED:
        return View(_join(head, texts("card.rejected", reason=reason(scan, texts))), None)
    reached = STAGES.index(scan.status)
    steps = [
        texts(
            f"step.{'done' if at <= reached else 'next' if at == reached + 1 else 'later'}",
            step=texts(f"stage.{stage}"),
        )
        for at, stage in enumerate(STAGES)
    ]
    actions = [CardAction.REPORT] if scan.status is Status.REPORT_READY else []
    return View(_join(head, Html("\n".join(steps)), texts(f"wait.{scan.status}")), on_card(texts, scan.id, actions))


def staff_card(scan: Scan, role: Role, texts: Texts, heat_map: bool) -> View:
    """All that this role needs under the picture; long words are shortened, "Read all" shows them whole."""
    for limit, every in ((200, True), (120, True), (60, True), (30, True), (30, False), (12, False)):
        text = _join(*_blocks(scan, texts, partial(_clip, most=limit), every))
        if length(text) <= CAPTION:
            break
    else:  # the card carries the buttons, so it has to stand whatever it says
        text = Html(escape(_clip(bare(text), CAPTION // 2), quote=False))  # a letter may be two units
    return View(text, under(scan, _actions(scan, role, heat_map), texts))


def whole_story(scan: Scan, texts: Texts) -> Sequence[Html]:
    """Everything that was said about a scan, in as many messages as it needs."""
    return sheets(*_blocks(scan, texts, lambda words: words))


def sheets(*blocks: Html) -> Sequence[Html]:
    """Blocks of words in as many messages as they need."""
    pages: list[Html] = []
    for block in blocks:
        for part in _split(block):
            if pages and length(pages[-1]) + length(part) + 2 <= MESSAGE:
                pages[-1] = _join(pages[-1], part)
            else:
                pages.append(part)
    return pages


def shortened(say: Callable[[Callable[[str], str]], Html]) -> tuple[Html, bool]:
    """For a message that is edited in place and so cannot become two: each part clipped until all of it fits, and
    whether that was needed."""
    whole = say(lambda words: words)
    if length(whole) <= MESSAGE:
        return whole, False
    clipped = (say(partial(_clip, most=limit)) for limit in (1000, 500, 200, 60, 12))
    return next((text for text in clipped if length(text) <= MESSAGE), whole), True


def length(text: str) -> int:
    """UTF-16 units after parsing, as Telegram counts."""
    return len(bare(text).encode("utf-16-le")) // 2


def person_line(account: Account, texts: Texts) -> Html:
    born = texts.day(account.date_of_birth) if account.date_of_birth else texts("unknown")
    return texts("person", name=account.name, sex=texts(f"sex.{account.sex}"), born=born)


def has_heat_map(scan: Scan) -> bool:
    return scan.finding is not None and scan.finding.heatmap_file is not None


def label(name: str, texts: Texts) -> Html:
    return texts(f"label.{name}")


def medicine_line(line: str, texts: Texts) -> str:
    """A line of a prescription as people say it, in the reader's language: its parts set apart by commas."""
    said = builder.in_words(line, builder.spoken(texts.language))
    return ", ".join(part.strip() for part in said.split("|") if part.strip())


def reason(scan: Scan, texts: Texts) -> str:
    """Why a better picture is asked for. A ready reason is kept by its key, so that each reads it in their language."""
    said = scan.reason or ""
    return texts.plain(said) if said.startswith("reason.") and texts.has(said) else said


def asker(ticket: Ticket, texts: Texts) -> str:
    """Who asks for a person; a chat without account has no name that we know."""
    return ticket.account.name if ticket.account else texts.plain("desk.guest")


def conversation(ticket: Ticket, texts: Texts) -> Html:
    """What was written so far, the latest of it where not all fits."""
    head = texts("desk.talk", name=asker(ticket, texts), ticket=ticket.id, time=texts.time(ticket.opened_at))
    said = [f"{'➡️' if words.staff_id else '💬'} {escape(words.text, quote=False)}" for words in ticket.words]
    while len(said) > 1 and length("\n".join([head, *said])) > MESSAGE:
        said.pop(0)
    return Html("\n".join([head, "", *(said or [texts("desk.silent")])]))


def verdict(finding: Finding, texts: Texts) -> Html:
    """The model's answer in a word, as it is confirmed."""
    return texts("card.uncertain_short") if finding.uncertain or not finding.label else label(finding.label, texts)


def _actions(scan: Scan, role: Role, heat_map: bool) -> Sequence[CardAction]:
    look = [CardAction.PICTURE if heat_map else CardAction.HEAT_MAP] if has_heat_map(scan) else []
    whole = [*([CardAction.PRELIMINARY] if builder.is_preliminary(scan) else []), CardAction.READ_ALL]
    match role, scan.status:
        case Role.DOCTOR, Status.PENDING_AI:
            return [CardAction.BETTER] if scan.analysis_asked_at else [CardAction.ANALYSE, CardAction.BETTER]
        case Role.DOCTOR, Status.AI_ANALYZED:
            own = [CardAction.FINDINGS, CardAction.VERIFY, CardAction.BETTER, CardAction.READ_ALL]
        case Role.PHARMACIST, Status.DOCTOR_VERIFIED:
            own = [CardAction.PRESCRIBE, CardAction.NO_MEDICINE, CardAction.COMPLETE, *whole]
        case Role.ADMINISTRATOR, Status.PHARMACIST_COMPLETED if not scan.released_at:
            own = [CardAction.APPROVE, CardAction.REJECT, *whole]
        case Role.DOCTOR, Status.REPORT_READY:
            own = [CardAction.REPORT, CardAction.READ_ALL, CardAction.AMEND, CardAction.ADDENDUM]
        case _, Status.REPORT_READY:
            own = [CardAction.REPORT, CardAction.READ_ALL]
        case _:
            own = whole
    return [*look, *own, *([CardAction.CRITICAL] if role is Role.DOCTOR and _may_be_critical(scan) else [])]


def _may_be_critical(scan: Scan) -> bool:
    """Read, not marked yet, and not on paper yet."""
    waits = scan.status in {Status.AI_ANALYZED, Status.DOCTOR_VERIFIED, Status.PHARMACIST_COMPLETED}
    return waits and scan.reading is not None and scan.critical is None and scan.released_at is None


def _blocks(scan: Scan, texts: Texts, fit: Callable[[str], str], every: bool = True) -> list[Html]:
    blocks = [
        texts("card.staff", scan=scan.id, stage=texts(f"stage.{scan.status}")),
        person_line(scan.patient, texts),
    ]
    if scan.complaint or scan.since:
        unknown = texts.plain("unknown")
        blocks.append(texts("card.asked", complaint=fit(scan.complaint or unknown), since=fit(scan.since or unknown)))
    if scan.status is Status.PENDING_AI and scan.analysis_asked_at:
        blocks.append(texts("card.analysing"))
    if scan.finding:
        blocks.append(_ai(scan.finding, texts, every))
    return [*blocks, *_words(scan, texts, fit)]


def _ai(finding: Finding, texts: Texts, every: bool) -> Html:
    """The model's answer; without `every`, only its first two classes, and not what was put right in the picture."""
    percent = texts.percent(finding.confidence)
    said = "card.silent" if finding.label is None else "card.uncertain" if finding.uncertain else "card.ai"
    nearest = label(finding.label, texts) if finding.label else ""
    lines = [texts(said, label=nearest, percent=percent, risk=texts(f"risk.{risk_of(finding)}"))]
    lines += [texts(f"doubt.{doubt}") for doubt in finding.doubts]
    if finding.slices > 1:
        lines.append(texts("card.pooled", slices=finding.slices))
    shares = sorted(finding.probabilities.items(), key=lambda item: -item[1])
    for name, share in shares if every else shares[:2]:
        lines.append(texts("card.bar", bar=_bar(share), percent=texts.percent(share), label=label(name, texts)))
    lines += [texts(f"adjustment.{adjustment}") for adjustment in finding.adjustments if every]
    return Html("\n".join([*lines, texts("card.model", model=finding.model, version=finding.model_version)]))


def _words(scan: Scan, texts: Texts, fit: Callable[[str], str]) -> list[Html]:
    blocks = []
    if reading := scan.reading:
        signed = "card.signed" if reading.signed_at else "card.draft"
        blocks.append(Html("\n".join([texts(signed, name=reading.doctor.name), *draft_lines(scan, texts, fit)])))
    if critical := scan.critical:
        heard = critical.acknowledged_at
        blocks.append(texts("card.critical_heard", time=texts.time(heard)) if heard else texts("card.critical"))
    if prescription := scan.prescription:
        words = (
            fit("; ".join(medicine_line(line, texts) for line in prescription.lines))
            if prescription.lines
            else texts("card.no_medicine")
        )
        blocks.append(texts("card.prescription", words=words, name=prescription.pharmacist.name))
    if scan.released_at and scan.releaser:
        blocks.append(texts("card.released", name=scan.releaser.name, time=texts.time(scan.released_at)))
    if scan.status is Status.REJECTED:
        blocks.append(texts("card.rejected", reason=fit(reason(scan, texts))))
    return blocks


def draft_lines(
    scan: Scan, texts: Texts, fit: Callable[[str], str] = lambda words: words, only: Region | None = None
) -> list[Html]:
    """What the doctor says, the very words of the report in this reader's language; normal regions share a line."""
    if scan.reading is None:
        return []
    said = builder.reading(scan.reading, kind_of(scan), builder.spoken(texts.language))
    words = catalogue(builder.spoken(texts.language))
    seen = [one for one in said.regions if only in {None, one.region}]
    lines = [texts("card.region", region=words["region"][one.region], words=fit(one.text)) for one in seen if one.text]
    if normal := [words["region"][one.region] for one in seen if not one.text]:
        lines.append(texts("card.region", region=words["reading"]["normal"], words=", ".join(normal)))
    if only:
        return lines
    own = [texts("card.own_reading", words=fit(said.own))] if said.own else []
    typed = {name: getattr(said, name) for name in ("findings", "impression", "recommendations")}
    lines += [texts(f"card.{name}", words=fit(told)) for name, told in typed.items() if told]
    return [*own, *lines, *_judgement(scan.reading, words, texts, fit)]


def _judgement(
    reading: Reading, words: Mapping[str, Mapping[str, str]], texts: Texts, fit: Callable[[str], str]
) -> list[Html]:
    """What the patient should do, and why the doctor thinks as they do of the model's answer."""
    lines = [texts("card.band", band=texts(f"band.{reading.band}"))] if reading.band else []
    if reading.why:
        why = words["why"].get(reading.why.removeprefix("why."), reading.why)
        lines.append(texts("card.why", words=fit(why)))
    return lines


def _join(*blocks: Html) -> Html:
    return Html("\n\n".join(blocks))


def _clip(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def _bar(share: float) -> str:
    full = round(share * BAR)
    return "▰" * full + "▱" * (BAR - full)


def _split(block: Html) -> Sequence[Html]:
    """Cut a block that is longer than a message at its line ends, or anywhere where a line has none."""
    if length(block) <= MESSAGE:
        return [block]
    words = bare(block)
    half = MESSAGE // 2
    return [Html(escape(words[at : at + half], quote=False)) for at in range(0, len(words), half)]


def report_caption(report: Report, texts: Texts) -> Html:
    """For the patient. What opens the copy in the mailbox is said here, in another channel than the mail."""
    sentence = "report.caption" if report.version == 1 else "report.caption_again"
    caption = texts(sentence, number=report.number, scan=report.scan_id)
    if report.passphrase is None:
        return caption
    return Html(f"{caption}\n\n{texts('report.passphrase', passphrase=report.passphrase)}")
