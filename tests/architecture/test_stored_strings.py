"""Strings stored in databases, chats and files keep their spelling when symbols in the code are renamed.

The lists were taken from the release before the renaming. Entries may be added; changing or removing one needs a
migration of stored data and handling of buttons that are still in chats.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import ModuleType
from typing import Any, Final

import pytest
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.state import StatesGroup

from bot.observability.metrics import build_metrics
from bot.secrets import derive
from bot.settings import Settings
from models.base import Base
from tests.support.source import modules
from workflow.audit.chain import AuditEvent, record_read

PROGRAM: Final = ("bot", "handlers", "workflow", "inference", "reports", "faq", "models")
# Job kinds, and the names of what their rows carry.
JOBS: Final = {
    "show_cards": "scan_id",
    "show_card": "scan_id chat_id fresh turn",
    "show_menu": "chat_id",
    "analyse": "scan_id",
    "read_ahead": "scan_id",
    "ask_retake": "scan_id",
    "mail_code": "code_id",
    "mail_account_exists": "code_id",
    "write_report": "scan_id",
    "deliver": "scan_id",
    "send_report": "report_id chat_id",
    "mail_report": "report_id",
    "send_voice": "report_id chat_id",
    "send_whatsapp": "report_id",
    "tell_undelivered": "key times",
    "tell_failure": "kind scan_id job",
    "call_staff": "ticket_id words_id again",
    "carry_words": "words_id",
    "tell_turn": "ticket_id turn",
    "report_unanswered": "question_id",
    "withdraw_call": "ticket_id",
    "check_drift": "",
    "try_silently": "scan_id",
    "tell_amendment": "scan_id number",
    "tell_declined": "scan_id",
    "write_amendment": "scan_id",
    "mark_superseded": "scan_id version",
    "send_draft": "scan_id chat_id",
    "tell_critical": "scan_id rung",
    "tell_heard": "scan_id",
    "tell_taken_over": "scan_id account_id by since",
    "tell_correction": "scan_id version",
    "tell_clarification": "scan_id number",
    "tell_clarified": "scan_id number",
    "tell_stat": "scan_id account_id",
    "remove_message": "chat_id message_id",
    "tell_authenticator_reset": "account_id on",
    "tell_chat_link": "code_id",
    "tell_browser": "code_id",
    "push_notice": "number since scan_id",
    "push_patient": "number since",
    "ask_complaint": "scan_id chat_id",
    "tell_identity": "account_id on",
    "tell_invitation": "invite_id used",
    "tell_credential": "change_id",
    "tell_denied": "change_id",
    "send_slip": "code_id",
    "tell_claimed": "code_id",
    "tell_file_at_desk": "account_id since",
    "send_export": "account_id chat_id asked",
    "clear_away": "account_id",
}
# One button of each class, as stored in chats.
BUTTONS: Final = (
    "ab:urgent", "again|report:7:chat:700001", "agree:1", "as:doctor", "bd:7:no_action", "c:open:7", "ch:open:7:1",
    "d:7:words-lungs", "dx:7:normal_chest", "end:700001", "export", "faq:upload:0123456789ab", "forget", "forget_yes",
    "human", "inv:pharmacist", "join", "lang:ta", "leave", "model:0", "mp:1", "ms:open:7", "noted", "nowa", "ow:own:1",
    "nm:7", "ph:7:1", "resend", "rg:7:lungs:clear:1", "rx:fever", "sex:unknown", "skip", "staff:7:not_administrator",
    "t:claim:7", "te", "tp:1", "tt:7:contact:1", "unlink", "w:verify_agree:7:0123abcd", "who:7", "why:blurred",
    "wy:7:right_place", "pa:none", "pf:1", "ov:7", "rl:7:0:0123abcd", "to:7:2", "gr:7:override:known", "sd:7:0123abcd",
    "ar:7:nodule_right", "cw:7:3", "bn:1:7", "cg:7:0:0123abcd", "pm", "pp:0:1", "pc:0", "pk", "sf:7:2", "q:mine:0",
    "qt:allergies", "qa:7:1", "qr:7:1:none", "qw:7:1", "qc", "pt:7", "dk:1", "sp:7:1", "sc:7", "lk", "born",
    "up:7:3", "dp:7:3", "tk:7", "me:name", "dl:7:1", "fm", "pw", "na", "wi:send_film:7", "ho:7", "po:7", "dx0", "np",
    "re:parent", "cn:7:42", "ag", "ff:7:now", "fp:open_person:7", "cm:cough", "cd", "si:days", "dc:7",
)  # fmt: skip
# Forms in the database: group and states, then the entries beside pictures that wait for consent.
STATES: Final = {
    "Registering": "contact name email code password birth sex language number",
    "Linking": "email password code",
    "Correcting": "name birth sex phone password contact email code new_password",
    "Unlocking": "password contact",
    "Proving": "code",
    "Changing": "current new",
    "Resetting": "email code factor new",
    "Exporting": "password contact",
    "Forgetting": "password contact",
    "Enrolling": "password code removal",
    "Consenting": "asked",
    "Joining": "number",
    "Inviting": "email code",
    "Managing": "number code",
    "Telling": "complaint since",
    "Reading": (
        "own_reading findings impression recommendations region why conclusion override no_alert phrase_name proposal"
    ),
    "Prescribing": "lines reason change picking",
    "GivingFacts": "allergies current pregnancy weight conditions organs",
    "Clarifying": "doctor patient answer",
    "Rejecting": "reason",
    "Serving": "reply",
    "FindingPatient": "query",
    "Teaching": "title other answer phrases sure",
    "Releasing": "code",
    "Claiming": "contact birth",
    "ChoosingPerson": "asked",
    "AddingPerson": "name birth sex relation consent",
    "WalkingIn": "name birth sex language phone allergies consent picture complaint since",
    "Amending": "reason findings impression recommendations band override addendum code",
}
# Values of columns, of callback data and of sealed JSON; the values of a line belong to one enumeration.
CHOICES: Final = (
    "patient doctor pharmacist administrator system",
    "female male other unknown",
    "PENDING_AI AI_ANALYZED DOCTOR_VERIFIED PHARMACIST_COMPLETED REPORT_READY REJECTED",
    "proposed approved issued declined",
    "open claimed closed",
    "chat email whatsapp",
    "owed sending sent failed cancelled",
    "confirm_email release amend staff invite reset_password sign_in link_chat claim_file open_browser",
    "mail authenticator",
    "original|picture|heat map|report|copy|voice",
    "chat|browser|worker|command line",
    "ok refused",
    "chest_xray cardiac_mri",
    "COVID Lung_Opacity NIH_MERGED Normal Sick Viral_Pneumonia",
    "low_confidence near_classes far_from_training poor_image unstable",
    "inverted turned rotated rescaled",
    "no_action see_doctor urgent",
    "lungs pleura heart_mediastinum bones devices left_ventricle right_ventricle atria myocardium valves pericardium",
    "great_vessels",
    "open analyse heat_map picture findings verify verify_agree verify_disagree better prescribe no_medicine complete",
    "approve reject read_all report preview preliminary amend addendum approve_change decline_change critical heard",
    "reached countersign correct confirm compare same_scan",
    "stat not_stat",
    "take_over give_back",
    "claim reply close park no_emergency mute",
    "ask_doctor ask_patient questions",
    "all mine urgent children hearts",
    "open topics entry dismiss",
    "open_file send_film claim_slip revoke_slip",
    "now later same",
    "open_person own_slip give_up erase_file erase_sure",
    "self child parent spouse other desk",
    "suspend restore doctor pharmacist administrator not_doctor not_pharmacist not_administrator",
)
# Acts of the audit chain, then the kinds of objects that they are about.
ACTS: Final = {
    "upload",
    "release",
    "trespass",
    "sign_in",
    "sign_out",
    "notices:on",
    "notices:off",
    "offer_link",
    "correct:phone",
    "correct:email",
    "link_chat",
    "refuse_chat",
    "unlock",
    "register",
    "register_walk_in",
    "print_report",
    "issue_slip",
    "register_dependant",
    "end_proxy",
    "revoke_slip",
    "claim_file",
    "set_password",
    "issue_code",
    "list_concerned",
    "reset_authenticator",
    "remove_authenticator",
    "set_hours",
    "add_holiday",
    "remove_holiday",
    "enrol_authenticator",
    "switch_role",
    "phone:given",
    "phone:removed",
    "consent",
    "decline_consent",
    "void_invite",
    "claim",
    "give_back",
    "reply",
    "close",
    "emergency",
    "ask_urgency",
    "not_now",
    "mark_urgent",
    "no_emergency",
    "mute",
    "export",
    "forget",
    "deny_change",
    "erase",
    "renew",
    "rotate",
    "restore",
    "faq:teach",
    "faq:forget",
    "faq:dismiss",
    "look:audit",
    "look:patient",
    "find_patient",
    "amend",
    "mark_critical",
    "keep_draft",
    "keep_phrase",
    "propose_lines",
    "delete_phrase",
    "restore_draft",
    "read_ahead",
    "see_difference",
    "acknowledge",
    "withdraw_clarification",
    "approve_amendment",
    "override",
    "add:{}",
    "invite:{}",
    "join:{}",
    "staff:{}",
    "correct:{}",
    "describe:{}",
    "deliver:{}",
    "send_again:{}",
    "look:{}",
    "set_stat:{}",
    "switch:{}",
}
MOVES: Final = (
    "ask_analysis record_analysis write_findings verify prescribe complete countersign correct confirm",
    "ask_code release record_report reject",
    "approve_amendment decline_amendment issue_amendment",
    "ask_clarification answer_clarification",
    "switch_role amend mark_critical acknowledge",
    "override no_alert",
)
OBJECTS: Final = {
    "account",
    "audit",
    "desk",
    "faq_miss",
    "faq_phrase",
    "faq_topic",
    "invite",
    "report",
    "scan",
    "setting",
    "ticket",
    "update",
    "urgency_question",
}
ACCESS_ACTS: Final = {"card", "change", "compare", "draft", "questions", "queue", "report", "story"}
# Keys derived from the secret key, and prefixes of HMACs and hashes.
PURPOSES: Final = {"audit", "audit anchors", "signing", "copies", "web push 1", "web push 2", "files"}
HASHED: Final = ("authenticator|{}|{}", "recovery|{}|{}|{}", "faq miss {} {}", "patient {}", "{} {}")
HASHED_BYTES: Final = (b"master key", b"CSSS\x01")
# Associated data of encrypted values: row, then `|` and the column; files; wrapped keys.
ENCRYPTED: Final = (
    "accounts|{}", "amendments|{}|{}", "clarifications|{}|{}", "data_keys|{}|wrapped", "faq_misses|{}",
    "findings|{}", "forms|{}",
    "patient_facts|{}", "prescriptions|{}", "push_subscriptions|{}",
    "readings|{}", "reading_versions|{}|{}", "reports|{}", "scans|{}", "ticket_words|{}|{}",
    "urgency_questions|{}|{}", "vault|{}|{}", "{}|{}",
)  # fmt: skip
COLUMNS: Final = {
    "accounts": "identity phone",
    "amendments": "band findings impression reason recommendations",
    "clarifications": "answer question",
    "faq_misses": "text",
    "patient_facts": "facts",
    "findings": "heart",
    "forms": "data",
    "prescriptions": "lines overrides read",
    "push_subscriptions": "target",
    "readings": "band diagnosis findings impression own_reading recommendations regions why override no_alert",
    "reading_versions": "content",
    "reports": "passphrase",
    "scans": "complaint reason since picture_hash same_as",
    "ticket_words": "text",
    "urgency_questions": "text",
}
# Keys of deliveries, of locks and of throttled guesses.
KEYS: Final = (
    "report:{}:{}", "voice:{}:{}", "export:{}:{}:{}:{}", "asleep:{}", "asleep:{}:{}", "elsewhere:{}:{}",
    "critical:{}:{}", "heard:{}", "retake:{}", "late:{}", "unmailable:{}", "mail-trouble:{}:{}", "failure:{}:{}",
    "undelivered:{}:{}", "authenticator-reset:{}:{}", "invite-made:{}", "invite-used:{}",
    "amendment:{}:{}", "correction:{}:{}", "declined:{}:{}", "ticket:{}:{}",
    "ticket:{}:{}:{}", "words:{}", "drift:{}:{}:{}", "analysis-refused:{}:{}", "card:{}:{}", "export:{}", "ticket:{}",
    "chat:{}", "mail:{}", "factor:{}", "urgency:{}",
    "clarification:{}:{}", "clarified:{}:{}", "walk-in-ready:{}", "walk-in-retake:{}", "claimed:{}", "push:{}",
)  # fmt: skip
METRICS: Final = {
    "csss_updates": "kind repeated",
    "csss_refused": "kind",
    "csss_jobs": "kind outcome",
    "csss_scans": "status",
    "csss_queue_age_seconds": "",
}
SETTINGS: Final = {
    "bot_token",
    "bot_api",
    "data",
    "database",
    "bundle",
    "silent_bundle",
    "secret_key",
    "master_key",
    "formulary",
    "hospital",
    "hospital_address",
    "hospital_phone",
    "hospital_email",
    "hospital_logo",
    "emergency_number",
    "ambulance_number",
    "desk_hours",
    "desk_days",
    "timezone",
    "smtp_host",
    "smtp_port",
    "smtp_user",
    "smtp_password",
    "smtp_starttls",
    "mail_from",
    "web_host",
    "web_port",
    "operator_host",
    "operator_port",
    "files_bucket",
    "files_endpoint",
    "files_region",
    "files_key_id",
    "files_secret",
    "grievance_officer",
    "privacy_authority",
    "audit_mail",
    "audit_syslog",
    "public_url",
    "webhook_url",
    "webhook_secret",
    "proxies",
    "push_services",
    "idle_hours",
    "keep_reports_days",
    "whatsapp_from",
    "whatsapp_template",
    "twilio_account_sid",
    "twilio_auth_token",
    "twilio_api",
    "voice",
    "log",
    "remove_after_hours",
    "messages_per_minute",
    "pictures_per_hour",
    "mails_per_hour",
    "workers",
    "press_workers",
}
# Files of the data folder, prefixes of links, names in tables and addresses.
NAMES: Final = (
    "clinic.db", "secret.key", "master.key", "vault", "signing", "authority", "audit-anchors.txt", "join_", "verify_",
    "claim_", "waiting", "reason.", "CSSS_", "/verify/{token}", "/healthz", "/readyz", "/metrics", "/twilio",
    "installation",
)  # fmt: skip


@cache
def program() -> tuple[ModuleType, ...]:
    """Every module of the program, imported, so that every class of it exists."""
    return tuple(importlib.import_module(name) for name in _module_names())


def _module_names() -> Iterator[str]:
    for package in PROGRAM:
        yield package
        for one in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not one.name.endswith("__main__") and ".migrations." not in one.name:
                yield one.name


def kinds_of(base: type) -> Iterator[type[Any]]:
    """Subclasses of `base` that the program defines."""
    program()
    for one in base.__subclasses__():
        if one.__module__.partition(".")[0] in PROGRAM:
            yield one
        yield from kinds_of(one)


@cache
def templates() -> frozenset[str]:
    """Every string of the program; placeholders of f-strings become `{}`."""
    return frozenset(_template(node) for module in modules() for node in ast.walk(module.tree) if _is_text(node))


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _template(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(_template(part) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def arguments(function: str, position: int) -> Iterator[str]:
    """Values passed to this function at this position in all calls; both branches of an `x if y`."""
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and _called(node.func) == function and len(node.args) > position:
                yield from _spelt(node.args[position], module.name)


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _spelt(node: ast.expr, module: str) -> Iterator[str]:
    """A string, a template, or the value of an enum's member."""
    if _is_text(node):
        yield _template(node)
    elif isinstance(node, ast.IfExp):
        yield from (*_spelt(node.body, module), *_spelt(node.orelse, module))
    elif isinstance(node, ast.Attribute):
        scope = importlib.import_module(module.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        found = getattr(getattr(scope, getattr(node.value, "id", ""), None), node.attr, None)
        if isinstance(found, StrEnum):
            yield found.value


def values(kind: type[StrEnum]) -> set[str]:
    return {one.value for one in kind}


def largest_table(names: set[str]) -> Mapping[Any, Any]:
    """The mapping from names to functions that has most of these names."""
    tables = (table for module in program() for table in vars(module).values() if isinstance(table, Mapping))
    functions = [table for table in tables if table and all(map(callable, table.values()))]
    return max(functions, key=lambda table: len(names & set(map(str, table))))


def test_every_kind_of_job_has_a_handler_that_takes_what_its_rows_carry() -> None:
    table = largest_table(set(JOBS))
    assert set(JOBS) - set(map(str, table)) == set()
    for kind, payload in JOBS.items():
        takes = [*inspect.signature(table[kind]).parameters][1:]
        assert set(takes) >= set(payload.split()), kind


@pytest.mark.parametrize("choices", CHOICES + MOVES)
def test_a_choice_that_is_stored_is_still_one(choices: str) -> None:
    wanted = set(choices.split("|" if "|" in choices else " "))
    assert any(values(kind) >= wanted for kind in kinds_of(StrEnum))


def test_every_button_that_lies_in_a_chat_is_read_as_before() -> None:
    declared = {kind.__prefix__: kind for kind in kinds_of(CallbackData)}
    for data in BUTTONS:
        prefix = re.split(r"[:|]", data)[0]
        assert prefix in declared, data
        assert declared[prefix].unpack(data).pack() == data
    assert len({re.split(r"[:|]", data)[0] for data in BUTTONS}) == len(BUTTONS)


def test_every_form_that_may_be_half_filled_has_its_states() -> None:
    declared = {state for group in kinds_of(StatesGroup) for state in group.__all_states_names__}
    stored = {f"{group}:{state}" for group, states in STATES.items() for state in states.split()}
    assert stored - declared == set()


def test_the_acts_of_the_audit_chain_keep_their_names() -> None:
    assert ACTS - set(arguments(AuditEvent.__name__, 0)) == set()
    assert OBJECTS - set(arguments(AuditEvent.__name__, 1)) == set()
    assert ACCESS_ACTS - set(arguments(record_read.__name__, 3)) == set()


def test_keys_are_derived_for_the_same_purposes() -> None:
    assert PURPOSES - set(arguments(derive.__name__, 1)) == set()
    assert set(HASHED) - templates() == set()
    declared = {node.value for module in modules() for node in ast.walk(module.tree) if isinstance(node, ast.Constant)}
    assert set(HASHED_BYTES) - declared == set()


def test_what_is_encrypted_is_bound_to_the_same_places() -> None:
    assert set(ENCRYPTED) - templates() == set()
    program()
    for table, columns in COLUMNS.items():
        assert set(columns.split()) <= set(Base.metadata.tables[table].columns.keys()), table


def test_deliveries_locks_and_throttles_are_found_by_the_same_keys() -> None:
    assert set(KEYS) - templates() == set()


def test_metrics_keep_their_names_and_labels() -> None:
    declared = {one.name: one for one in build_metrics().registry.collect()}
    labels = {one._name: set(one._labelnames) for one in build_metrics() if hasattr(one, "_labelnames")}
    assert set(METRICS) - set(declared) == set()
    assert {name: set(wanted.split()) for name, wanted in METRICS.items()} == {name: labels[name] for name in METRICS}


def test_settings_keep_their_names() -> None:
    assert SETTINGS - set(Settings.model_fields) == set()
    assert Settings.model_config["env_prefix"] == "CSSS_"


def test_files_links_and_addresses_keep_their_names() -> None:
    assert set(NAMES) - templates() == set()
