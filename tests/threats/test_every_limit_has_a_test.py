"""Threat: a limit is added that strangers can use up, and nobody looks whether its owner is then refused.

All limits of the program are found in its code. Each is named here with the test in which strangers use it up, or with
the reason why no stranger can."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
LIMITERS: Final = re.compile(
    r"TokenBuckets?|(Bounded)?Semaphore|R?Lock|Condition|(Thread|Process)PoolExecutor|(Lifo|Priority|Simple)?Queue"
)
COUNTERS: Final = {"count_attempt", "count_failure", "use_once", "begin_attempt", "within"}
REFUSALS: Final = re.compile(r"(LoginLocked|CodesUsedUp|CodeTooSoon|MailQuotaExceeded|TooOften|TooMany\w+)")
COUNTED: Final = re.compile(r"(MAX|MOST|MIN_INTERVAL|STREAMS|FREE_FAILURES)(_|$)|_PER_|^WRONG_|_IN_PROGRESS|_WAITING")

SHARES, BROWSERS, FLOOD = "test_strangers_spend_no_share_of_others", "test_strangers_in_browsers", "test_flood"
ROOMS: Final = ("workflow", "handlers", "bot", "inference", "reports", "faq", "models")
NOT_COUNTED: Final = ("bot/dev/", "workflow/formulary/", "workflow/token_bucket.py", "bot/telegram/round_robin.py")
BARE: Final = re.compile(r" [<>]=? ")  # a comparison with a number that has no name
COUNTING: Final = ("workflow", "handlers", "bot")  # elsewhere a bare number measures pixels, words or bytes
FILES, CODES = "test_strangers_and_patients_files", "workflow/accounts/codes.py"
DECODER = "inference/upload/decoder.py"
RATES, LOGINS, HASHER = "bot/telegram/rate_limit.py", "workflow/accounts/logins.py", "workflow/accounts/passwords.py"

HELD: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {  # (module of tests/threats, test): limits
    (SHARES, "test_wrong_passwords_of_strangers_shut_no_linked_chat"): (
        f"{LOGINS}: FREE_FAILURES",
        f"{LOGINS}: count_attempt(session, _address_key(email), at)",
        f"{LOGINS}: count_attempt(session, _chat_key(chat_id), at)",
        f"{LOGINS}: raise LoginLocked",
        "handlers/account/passwords.py: logins.begin_attempt(session, chat_id, email, uow.at)",
    ),
    (SHARES, "test_resets_and_wrong_codes_of_strangers_block_no_reset_of_a_linked_chat"): (
        f"{CODES}: CODES_PER_WINDOW",
        f"{CODES}: MAILS_PER_WINDOW",
        f"{CODES}: MAX_ATTEMPTS",
        f"{CODES}: MIN_INTERVAL",
        f"{CODES}: WRONG_OF_ACCOUNT",
        f"{CODES}: WRONG_PER_WINDOW",
        f"{CODES}: raise CodeTooSoon",
    ),
    ("test_code_guessing_and_reissue", "test_a_hundred_wrong_reset_codes_end_the_guessing_in_other_chats"): (
        "workflow/accounts/password_reset.py: MAX_WRONG",
        "workflow/accounts/password_reset.py: logins.count_failure(session, counted, at)",
    ),
    (SHARES, "test_codes_of_strangers_and_patients_leave_a_share_to_the_release_of_reports"): (
        f"{CODES}: (await requester_for(session, code)).within(TOTAL_PER_WINDOW)",
        f"{CODES}: TOTAL_PER_WINDOW",
        f"{CODES}: raise CodesUsedUp",
    ),
    (SHARES, "test_passwords_of_strangers_and_patients_hold_up_no_password_of_staff"): (
        f"{HASHER}: MAX_WAITING",
        f"{HASHER}: self._meters = Semaphore",
        f"{HASHER}: self._slots = Semaphore",
        f"{HASHER}: self._typed = TokenBuckets",
        f"{HASHER}: self._typed_slots = Semaphore",
        f"{HASHER}: raise LoginLocked",
    ),
    ("test_hostile_texts", "test_new_passwords_are_metered_on_few_characters_and_counted_for_each_chat"): (
        f"{HASHER}: self._tries = TokenBuckets",
    ),
    (SHARES, "test_answers_to_strangers_delay_no_message_to_staff"): (
        "bot/telegram/send_limiter.py: self._chats = TokenBuckets",
        "bot/telegram/send_limiter.py: self._overall = TokenBucket",
        "bot/telegram/send_limiter.py: self._strangers = TokenBucket",
    ),
    (SHARES, "test_mails_of_strangers_leave_a_share_to_patients_codes_and_another_to_reports"): (
        "bot/channels/email.py: raise MailQuotaExceeded",
        "bot/channels/email.py: self._quota = TokenBucket",
    ),
    (SHARES, "test_lookups_of_strangers_leave_each_other_chat_its_own"): (
        "workflow/reporting/verification.py: return TokenBuckets",
    ),
    (SHARES, "test_long_texts_of_strangers_hold_up_no_short_text"): (
        "workflow/text_thread.py: MAX_INLINE",
        "workflow/text_thread.py: _THREADS = ThreadPoolExecutor",
    ),
    (BROWSERS, "test_guesses_in_browsers_shut_neither_the_linked_chat_nor_the_browser_that_is_signed_in"): (
        "bot/web/shared/sign_in.py: logins.begin_attempt(session, number, email, now)",
        "bot/web/shared/sign_in.py: logins.begin_attempt(session, number, email, services.now())",
    ),
    (BROWSERS, "test_guesses_from_the_own_network_do_not_shut_out_a_chats_browser_nor_unlock_and_proof"): (
        "bot/web/api/session.py: sign_in.count_attempt(call.request)",
        "bot/web/desk/routes.py: app[ATTEMPTS] = TokenBuckets",
        "bot/web/desk/sign_in.py: count_attempt(request)",
        "bot/web/shared/sign_in.py: raise TooOften",
    ),
    (BROWSERS, "test_junk_from_the_own_network_keeps_nobody_from_the_viewer"): (
        "bot/web/viewer/access.py: logins.use_once(session, opening.seal, now)",
        f"{LOGINS}: count_failure(session, f'{{USED_ONCE}}{{name}}', at)",
        "bot/web/viewer/routes.py: (app[ATTEMPTS], app[FILMS]) = TokenBuckets, TokenBuckets",
    ),
    (BROWSERS, "test_junk_at_a_patients_page_keeps_no_patient_out_and_no_staff"): (
        "bot/web/patient/routes.py: (app[WEB_CHAT], app[enter.ATTEMPTS]) = TokenBuckets",
    ),
    ("test_patients_uploads", "test_a_slow_picture_holds_up_nobody_else_and_no_chat"): (
        "bot/web/patient/upload.py: MAX_AT_ONCE",
        "bot/web/patient/upload.py: (self._rates, self._people) = TokenBuckets",
    ),
    (FLOOD, "test_a_hundred_updates_in_a_second_get_one_notice_in_the_senders_language_and_the_others_are_served"): (
        f"{RATES}: messages = TokenBucket",
        f"{RATES}: MAX_MESSAGES_IN_PROGRESS",
    ),
    (FLOOD, "test_more_than_the_feed_shows_at_once_still_holds_up_nobody"): ("bot/telegram/polling.py: MAX_PENDING",),
    (FLOOD, "test_only_so_many_pictures_are_in_progress_in_the_whole_bot"): (
        f"{RATES}: pictures = TokenBucket",
        f"{RATES}: requester.within(MAX_PICTURES_IN_PROGRESS)",
    ),
    (FLOOD, "test_strangers_messages_in_progress_hold_up_no_known_chat"): (f"{RATES}: MAX_STRANGERS_IN_PROGRESS",),
    (FLOOD, "test_a_few_strangers_use_up_neither_messages_nor_pictures_in_progress"): (
        f"{RATES}: MAX_MESSAGES_OF_STRANGER",
        f"{RATES}: MAX_PICTURES_OF_STRANGER",
    ),
    (FLOOD, "test_refusals_of_strangers_wait_for_no_more_notices_than_a_few"): (f"{RATES}: MAX_NOTICES",),
    (SHARES, "test_uploads_of_many_chats_hold_up_no_picture_that_staff_read_or_send"): (
        f"{DECODER}: self._threads = ThreadPoolExecutor",
        f"{DECODER}: self._uploads = ThreadPoolExecutor",
    ),
    (FILES, "test_a_slip_that_strangers_saw_still_opens_by_the_telephone_and_guesses_touch_no_other"): (
        "workflow/accounts/files/slips.py: MAX_TRIES",
    ),
    (FILES, "test_voice_notes_of_an_hour_leave_a_patients_room_for_voice_notes"): (
        "workflow/desk/voice_notes.py: MOST",
        "workflow/desk/voice_notes.py: raise TooManyVoiceNotes",
    ),
}
UNREACHED: Final[Mapping[str, tuple[str, ...]]] = {  # why no stranger counts in them: limits
    "counted for one account, of what it does signed in": (
        "bot/web/desk/live.py: STREAMS",
        "bot/web/patient/upload.py: logins.use_once(session, name, now)",
        "handlers/account/authenticator.py: logins.count_attempt(session, bucket, uow.at)",
        "workflow/accounts/files/dependants.py: MOST",
        "workflow/accounts/files/dependants.py: raise TooManyDependants",
        "workflow/scans/presets.py: MAX_PHRASES",
    ),
    "of administrators alone": ("workflow/desk/schedule.py: MAX_HOLIDAYS",),
    "of a command that an operator starts": ("bot/files/copying.py: return ThreadPoolExecutor",),
    "works for what staff release, draft or draw": ("reports/pdf/pool.py: self._pool = ProcessPoolExecutor",),
    "held for one read or statement that all share, for one film, or for updates of one chat": (
        "bot/telegram/fsm_storage.py: lock = Lock",
        f"{RATES}: lookup = Lock",
        "bot/web/shared/changes.py: (self._services, self._lock) = Lock",
        f"{DECODER}: (self._timeout, self._lock) = Lock",
        "inference/film/finder.py: self._lock = Lock",
        "inference/heart/segmenter.py: self._lock = Lock",
        "inference/model/chest_reader.py: (self._lock, self._recipe) = Lock",
        "inference/model/interpreter.py: _redirecting = Lock",
        "inference/model/network.py: (self._lock, self._second) = Lock",
        "inference/model/network.py: self._lock = Lock",
        "models/files/bucket.py: self._trial = Lock",
        "models/side_connection.py: self._turn = Lock",
    ),
    "comes after the right password, or after the code in the owner's mailbox": (
        "workflow/accounts/chats/sign_in.py: MAX_WRONG",
        "workflow/accounts/chats/sign_in.py: logins.count_failure(session, counted, at)",
        "workflow/accounts/password_reset.py: logins.count_attempt(session, bucket, at)",
    ),
    "refuses nobody: what is beyond is forgotten": (
        f"{RATES}: MAX_TRACKED_SENDERS",
        "workflow/faq/unanswered.py: MAX_ROWS",
    ),
    "bounds one value, or a wait": (
        "bot/jobs/data_requests.py: MAX_PART_BYTES",
        "bot/telegram/polling.py: MAX_ATTEMPTS",
        f"{RATES}: MAX_ID",
        "bot/telegram/send_limiter.py: MAX_WAIT",
        "bot/telegram/webhook.py: MAX_ATTEMPTS",
        "bot/web/areas/guard.py: MAX_FORM",
        "bot/web/desk/worklist.py: MOST_SHOWN",
        "bot/web/health.py: MAX_QUEUE_AGE",
        "bot/web/viewer/access.py: MAX_INIT_DATA",
        "handlers/account/secrets/own_password.py: MOST_DIGITS",
        "handlers/account/secrets/own_password.py: MOST_WORDS",
        "handlers/ui/dates.py: MAX_AGE",
        "handlers/ui/dates.py: MAX_TYPED",
        "handlers/ui/parsing.py: MAX_NAME",
        "handlers/ui/prescription_lines.py: MAX_LINES",
        "handlers/ui/prescription_lines.py: raise TooManyLines",
        "inference/film/finder.py: MAX_ASPECT",
        f"{DECODER}: MAX_BYTES",
        f"{DECODER}: MAX_PIXELS",
        "inference/upload/dicom_file.py: MAX_FIRST_ELEMENT",
        "inference/upload/dicom_file.py: MAX_FIRST_LENGTH",
        "inference/upload/dicom_file.py: MAX_INFLATED",
        "inference/upload/dicom_grey.py: MAX_STRETCH",
        "inference/upload/jpeg.py: MAX_SCANS",
        "inference/upload/limits.py: MAX_PIXELS",
        "inference/upload/limits.py: MAX_SIDE",
        "inference/upload/open.py: MAX_BYTES",
        "inference/upload/png.py: MAX_DECOMPRESSED",
        "workflow/desk/alarms.py: MAX_PAUSE",
        "workflow/desk/hours.py: MAX_INTERVALS",
        "workflow/desk/schedule.py: MAX_AHEAD",
        "workflow/desk/schedule.py: MAX_NAME",
        "workflow/queue/worklist.py: MAX_WAIT",
    ),
    "a bare number that bounds one value: a length, a status of HTTP, a part of a date": (
        "bot/channels/email.py: error.code < 500",
        "bot/channels/push.py: status >= 300",
        "bot/channels/push.py: status >= 500",
        "bot/channels/whatsapp.py: response.status >= 400",
        "bot/channels/whatsapp.py: response.status >= 500",
        "bot/settings.py: len(self.secret_key.get_secret_value()) < 32",
        "bot/settings.py: min(map(len, self.master_key.get_secret_value().split(','))) < 32",
        "bot/web/desk/oversight/hours.py: len(number) < 10",
        "bot/web/desk/oversight/record.py: len(text) <= 9",
        "bot/web/desk/worklist.py: len(text) < 6",
        "bot/web/patient/sending.py: len(text) <= 9",
        "handlers/account/roles.py: len(actor.roles) < 2",
        "handlers/ui/dates.py: int(number) > 31",
        "handlers/ui/dates.py: len(day) > 2",
        "handlers/ui/dates.py: len(month) > 2",
        "handlers/ui/dates.py: len(number) < 4",
        "handlers/ui/dates.py: len(number) > 3",
        "handlers/ui/parsing.py: 2 <= len(number) <= 40",
        "handlers/ui/parsing.py: len(letters) >= 2",
        "handlers/ui/texts.py: months < 24",
        "handlers/views/picking.py: len(picked) < 2",
        "workflow/consistency/typed.py: len(plain) <= 4",
    ),
}


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _limiters(node: ast.AST) -> list[str]:
    """Names of the limiters that are made in this expression, by a call or by a factory that is handed on."""
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    made = [_name(one.func) for one in calls]
    made += [_name(key.value) for one in calls for key in one.keywords if key.arg == "default_factory"]
    return [name for name in made if LIMITERS.fullmatch(name)]


def _made_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
            if made := _limiters(value):
                yield f"{ast.unparse(target)} = {', '.join(made)}"
        case ast.Return(value=ast.expr() as value) | ast.Expr(value=value) | ast.withitem(context_expr=value):
            if made := _limiters(value):
                yield f"return {', '.join(made)}"


def _counted_in(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call() if _name(node.func) in COUNTERS:
            yield ast.unparse(node)
        case ast.Compare() if any(isinstance(one, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for one in node.ops):
            sides = (node.left, *node.comparators)
            yield from (name for one in sides for part in ast.walk(one) if COUNTED.search(name := _name(part)))
            if any(isinstance(one, ast.Constant) and one.value not in (0, 1) for one in sides):
                yield ast.unparse(node)
        case ast.Raise(exc=ast.expr() as raised):
            name = _name(raised.func if isinstance(raised, ast.Call) else raised)
            if REFUSALS.fullmatch(name):
                yield f"raise {name}"


def _limits_of(source: str) -> set[str]:
    return {limit for node in ast.walk(ast.parse(source)) for limit in (*_made_in(node), *_counted_in(node))}


def _limits_of_all() -> Iterator[str]:
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if not name.startswith(NOT_COUNTED):
            for limit in _limits_of(path.read_text(encoding="utf-8")):
                if name.startswith(COUNTING) or not BARE.search(limit):
                    yield f"{name}: {limit}"


def test_every_limit_is_named_once() -> None:
    named = Counter(limit for limits in (*HELD.values(), *UNREACHED.values()) for limit in limits)
    assert Counter(_limits_of_all()) == named


def test_every_named_test_is_there() -> None:
    for module, test in HELD:
        tree = ast.parse((ROOT / "tests" / "threats" / f"{module}.py").read_text(encoding="utf-8"))
        assert test in {one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}, test


def test_a_new_limit_is_found_whatever_its_form() -> None:
    for source, limit in {
        "app[X]: Any = TokenBuckets(1, 1)": "app[X] = TokenBuckets",
        "self.slots = {one: asyncio.Semaphore(1) for one in Role}": "self.slots = Semaphore",
        "def new():\n    return TokenBucket(1, 1)": "return TokenBucket",
        "await logins.count_attempt(session, key, at)": "logins.count_attempt(session, key, at)",
        "if number >= CALLS_PER_DAY: pass": "CALLS_PER_DAY",
        "if module.MOST <= number: pass": "MOST",
        "raise TooManyCalls(most=3)": "raise TooManyCalls",
        "if code.attempts >= 5: pass": "code.attempts >= 5",
        "if total >= share(MAX_CALLS, own): pass": "MAX_CALLS",
        "async with asyncio.Lock():\n    pass": "return Lock",
        "slot: Lock = field(default_factory=threading.RLock)": "slot = RLock",
        "pool, a = (ProcessPoolExecutor(2), 1)": "(pool, a) = ProcessPoolExecutor",
        "def run():\n    return run_in_executor(ThreadPoolExecutor(1), work)": "return ThreadPoolExecutor",
    }.items():
        assert _limits_of(source) == {limit}
