"""The card of a scan: one live message in each chat, edited in place."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from typing import Final, NamedTuple

from handlers.ui.callbacks import CardAction
from handlers.ui.keyboards import action_keyboard, card_keyboard
from handlers.ui.replies import View
from handlers.ui.texts import Html, Texts, plain_text
from handlers.views.actions import staff_actions
from handlers.views.clarifications import clarification_block, open_count
from handlers.views.facts import facts_block
from handlers.views.identity import patient_line
from handlers.views.paging import CAPTION_LIMIT, join_blocks, split_messages, telegram_length, truncate
from handlers.views.prescription import prescription_blocks
from handlers.views.reading.earlier import earlier_block
from handlers.views.reading.model_answer import model_block
from handlers.views.reading.signed import model_line_beside, reason_lines
from handlers.views.rejection import rejection_line, rejection_reason, stage_text
from models.tables.scans import Reading, Scan
from models.vocabulary import Role, ScanStatus
from reports.content.reading import Region
from reports.pdf.words import catalogue
from workflow.guards import awaits_confirmation, awaits_countersignature
from workflow.reporting import language
from workflow.reporting.history import History
from workflow.reporting.reading import build_reading
from workflow.scans import queries
from workflow.scans.clarifications import visible_to
from workflow.scans.reading import modality_of

STAGES: Final = tuple(status for status in ScanStatus if status is not ScanStatus.REJECTED)


class Reader(NamedTuple):
    """A member of staff who reads a card.

    `earlier`: the patient's earlier scans, which a doctor's card lists; `details`: the model's whole answer;
    `web_app`: the public address of the web app, None without one."""

    role: Role
    account_id: int | None = None
    earlier: History = History()
    details: bool = False
    web_app: str | None = None


def patient_card(scan: Scan, texts: Texts, reader_id: int | None = None) -> View:
    """The progress in five steps, without the model's answer, which is for the doctor and the report.

    To a reader who acts for the patient it names the patient."""
    head = texts("card.patient", scan=scan.id, time=texts.time(scan.created_at))
    if reader_id not in {None, scan.patient_id}:
        head = join_blocks(head, patient_line(scan, texts))
    if scan.status is ScanStatus.REJECTED:
        return View(join_blocks(head, rejection_line(scan, texts, rejection_reason(scan, texts))), None)
    actions = [CardAction.REPORT] if scan.status is ScanStatus.REPORT_READY else []
    if any(one.is_open for one in visible_to(scan, Role.PATIENT)):
        actions.append(CardAction.QUESTIONS)
    return View(
        join_blocks(head, Html("\n".join(patient_steps(scan, texts))), texts(f"wait.{scan.status}")),
        action_keyboard(texts, scan.id, actions),
    )


def patient_steps(scan: Scan, texts: Texts) -> list[Html]:
    """The five steps of a scan that was not rejected, each with the sign of done, next or later."""
    reached = STAGES.index(scan.status)
    kinds = ("done" if at <= reached else "next" if at == reached + 1 else "later" for at in range(len(STAGES)))
    return [texts(f"step.{kind}", step=texts(f"stage.{stage}")) for kind, stage in zip(kinds, STAGES, strict=True)]


def staff_card(scan: Scan, reader: Reader, texts: Texts, heat_map: bool) -> View:
    """The caption under the picture for a reader; long text is shortened, and "Read all" shows it in full.

    A claim of somebody else than the reader is named and takes the buttons that write.
    Medicines, impression, band and overrides that they are about to sign are never cut: see `continuation`."""
    text = _caption(scan, reader, texts)
    if text is None and _is_whole(scan, reader.role):
        text = join_blocks(*_continued(scan, texts, reader.account_id))
    elif text is None:  # the card carries the buttons, so it is sent at any length
        whole = plain_text(join_blocks(*_blocks(scan, reader, texts, partial(truncate, most=12), False, False)))
        text = Html(escape(truncate(whole, CAPTION_LIMIT // 2), quote=False))  # a character may be two units
    actions = staff_actions(scan, reader.role, heat_map, reader.account_id, bool(reader.earlier.total))
    viewer = f"{reader.web_app}/viewer?scan={scan.id}" if reader.web_app else None
    return View(text, card_keyboard(scan, actions, texts, viewer))


def continuation(scan: Scan, reader: Reader, texts: Texts) -> Sequence[Html]:
    """The messages that follow a card when what is signed on it does not fit below the picture."""
    if not _is_whole(scan, reader.role) or _caption(scan, reader, texts) is not None:
        return []
    return split_messages(*_blocks(scan, reader, texts, str))


def _is_whole(scan: Scan, role: Role) -> bool:
    """Whether the card shows everything: to an administrator, and to a doctor who is asked to countersign."""
    return role is Role.ADMINISTRATOR or (role is Role.DOCTOR and awaits_countersignature(scan))


def _caption(scan: Scan, reader: Reader, texts: Texts) -> Html | None:
    """The longest form of the card that fits below the picture; None when not even the shortest does."""
    whole = _is_whole(scan, reader.role)
    for limit, every in ((200, True), (120, True), (60, True), (30, True), (30, False), (12, False)):
        text = join_blocks(*_blocks(scan, reader, texts, partial(truncate, most=limit), every, whole))
        if telegram_length(text) <= CAPTION_LIMIT:
            return text
    return None


def _continued(scan: Scan, texts: Texts, reader_id: int | None) -> list[Html]:
    """A card whose text is in the following messages: what must catch the eye, and how much follows."""
    prescription = scan.prescription
    blocks = [*_head(scan, texts, reader_id), *_critical_line(scan, texts)]
    if scan.reading and scan.reading.band:
        blocks.append(texts("card.band", band=texts(f"band.{scan.reading.band}")))
    medicines = len(prescription.lines) if prescription else 0
    overrides = len(prescription.overrides or ()) if prescription else 0
    if asked := open_count(scan):
        blocks.append(texts("card.open_questions", count=asked))
    return [*blocks, texts("card.continued", medicines=medicines, overrides=overrides)]


def full_text(scan: Scan, reader: Reader, texts: Texts) -> Sequence[Html]:
    """Everything recorded about a scan, in as many messages as it needs."""
    return split_messages(*_blocks(scan, reader._replace(details=True), texts, str))


def _head(scan: Scan, texts: Texts, reader_id: int | None) -> list[Html]:
    head = [texts("card.staff", scan=scan.id, stage=stage_text(scan, texts)), patient_line(scan, texts)]
    if scan.stat_at:
        head.insert(0, texts("card.stat"))
    if queries.is_critical(scan) or queries.is_urgent(scan):
        head.insert(0, texts("card.first_critical" if queries.is_critical(scan) else "card.first_urgent"))
    if scan.claim and scan.claim.account_id != reader_id:
        head.append(texts("card.claimed", name=scan.claim.holder.name, time=texts.time(scan.claim.since)))
    return head


def _blocks(
    scan: Scan,
    reader: Reader,
    texts: Texts,
    fit: Callable[[str], str],
    every: bool = True,
    whole: bool = False,
) -> list[Html]:
    """The card's paragraphs; `whole`: medicines and impression uncut; `every`: all classes of the model."""
    blocks = _head(scan, texts, reader.account_id)
    if scan.complaint or scan.since:
        unknown = texts.plain("unknown")
        blocks.append(texts("card.asked", complaint=fit(scan.complaint or unknown), since=fit(scan.since or unknown)))
    if scan.same_as and scan.same_as["confirmed"] is not False:
        said = "card.same_picture_said" if scan.same_as["confirmed"] else "card.same_picture"
        blocks.append(texts(said, scan=scan.same_as["scan"]))
    blocks.append(facts_block(scan.facts.facts if scan.facts else None, texts, fit))
    if reader.earlier.total:
        blocks.append(earlier_block(reader.earlier, texts, fit))
    if scan.status is ScanStatus.PENDING_AI and scan.analysis_asked_at:
        blocks.append(texts("card.analysing"))
    if scan.finding:
        detailed = reader.details or reader.role is Role.DOCTOR
        beside = model_line_beside(scan.finding, scan.reading, texts)
        blocks.append(model_block(scan.finding, texts, every) if detailed else beside)
    return [*blocks, *_human_blocks(scan, texts, fit, whole)]


def _critical_line(scan: Scan, texts: Texts) -> list[Html]:
    if scan.critical is None:
        return []
    at = scan.critical.acknowledged_at
    return [texts("card.critical_heard", time=texts.time(at)) if at else texts("card.critical")]


def _correction_lines(scan: Scan, texts: Texts) -> list[Html]:
    """Whether the signed reading is being corrected, or waits for the pharmacist's confirmation."""
    reading = scan.reading
    if reading is None or reading.version is None:
        return []
    if reading.signed_at is None:
        return [texts("card.correcting", version=reading.version)]
    return [texts("card.confirmation_due" if awaits_confirmation(scan) else "card.corrected", version=reading.version)]


def _human_blocks(scan: Scan, texts: Texts, fit: Callable[[str], str], whole: bool) -> list[Html]:
    blocks = []
    if reading := scan.reading:
        signed = "card.signed" if reading.signed_at else "card.draft"
        lines = draft_lines(scan, texts, fit, whole=whole)
        blocks.append(Html("\n".join([texts(signed, name=reading.doctor.name), *lines])))
        blocks += reason_lines(reading, texts, str if whole else fit)
    blocks += [*_correction_lines(scan, texts), *_critical_line(scan, texts)]
    if prescription := scan.prescription:
        shortened = str if whole else fit
        blocks += prescription_blocks(prescription, texts, shortened, awaits_countersignature(scan))
    blocks += clarification_block(scan, texts, fit)
    if scan.released_at and scan.releaser:
        blocks.append(texts("card.released", name=scan.releaser.name, time=texts.time(scan.released_at)))
    if scan.status is ScanStatus.REJECTED:
        blocks.append(rejection_line(scan, texts, fit(rejection_reason(scan, texts))))
    return blocks


def draft_lines(
    scan: Scan,
    texts: Texts,
    fit: Callable[[str], str] = lambda text: text,
    only: Region | None = None,
    whole: bool = False,
) -> list[Html]:
    """The doctor's reading, worded as in the report, in the reader's language; normal regions share a line.

    `whole` leaves the impression uncut."""
    if scan.reading is None:
        return []
    section = build_reading(scan.reading, modality_of(scan), language.report_language(texts.language))
    words = catalogue(language.report_language(texts.language))
    shown = [one for one in section.regions if only in {None, one.region}]
    lines = [texts("card.region", region=words["region"][one.region], words=fit(one.text)) for one in shown if one.text]
    if normal := [words["region"][one.region] for one in shown if not one.text]:
        lines.append(texts("card.region", region=words["reading"]["normal"], words=", ".join(normal)))
    if only:
        return lines
    own = [texts("card.own_reading", words=fit(section.own))] if section.own else []
    typed = {name: getattr(section, name) for name in ("findings", "impression", "recommendations")}
    lines += [
        texts(f"card.{name}", words=text if whole and name == "impression" else fit(text))
        for name, text in typed.items()
        if text
    ]
    proposed = [texts("card.proposed", lines=fit("\n".join(scan.reading.proposed)))] if scan.reading.proposed else []
    return [*own, *lines, *_conclusions(scan.reading, words, texts, fit), *proposed]


def _conclusions(
    reading: Reading, words: Mapping[str, Mapping[str, str]], texts: Texts, fit: Callable[[str], str]
) -> list[Html]:
    """The recommended action, and the doctor's comment on the model's answer."""
    lines = [texts("card.band", band=texts(f"band.{reading.band}"))] if reading.band else []
    if reading.why:
        why = words["why"].get(reading.why.removeprefix("why."), reading.why)
        lines.append(texts("card.why", words=fit(why)))
    return lines
