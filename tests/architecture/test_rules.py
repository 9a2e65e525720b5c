"""House rules that an import linter cannot check."""

import ast
import inspect
from functools import reduce
from operator import or_

from bot.jobs.registry import JOB_HANDLERS
from tests.support.source import Module, calls, modules
from workflow.jobs import JobKind
from workflow.reporting.amendments import RULES as AMENDING
from workflow.transitions import RULES

LONGEST_FUNCTION, LONGEST_FILE = 40, 250
SHELL = ("bot/", "handlers/")


def where(module: Module, node: ast.expr | ast.stmt) -> str:
    return f"{module.name}:{node.lineno}"


def test_the_source_is_found() -> None:
    """Guards the tests below against passing on an empty list."""
    assert {"bot/app.py", "workflow/transitions.py", "models/tables/scans.py"} <= {module.name for module in modules()}


def test_nothing_below_the_shell_commits() -> None:
    """One transaction for one decision: the layer that begins it ends it."""
    assert [
        where(module, call)
        for module in modules()
        for call in calls(module.tree, "commit")
        if not module.name.startswith(SHELL)
    ] == []


def test_transactions_begin_in_the_shell() -> None:
    """UnitOfWork begins the transaction of an update's handler; schema is run by the command line."""
    allowed = (*SHELL, "workflow/unit_of_work.py", "models/schema.py")
    assert [
        where(module, call)
        for module in modules()
        for call in calls(module.tree, "begin")
        if not module.name.startswith(allowed)
    ] == []


def test_only_transitions_assigns_a_scans_status() -> None:
    assigned = []
    for module in modules():
        for node in ast.walk(module.tree):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = [part for target in targets if target is not None for part in ast.walk(target)]
            assigned += [
                module.name for name in names if isinstance(name, ast.Attribute) and name.attr in {"status", "_status"}
            ]
    # the sandbox's HTTP errors have a status of their own
    ours = [name for name in assigned if not name.startswith("bot/dev/sandbox/")]
    assert ours == ["workflow/transitions.py"]


def test_a_scan_is_born_in_intake_alone_and_no_other_way_writes_its_status() -> None:
    births, ways_around = [], []
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Call):
                continue
            named = node.func.id if isinstance(node.func, ast.Name) else ""
            method = node.func.attr if isinstance(node.func, ast.Attribute) else named
            keywords = {keyword.arg for keyword in node.keywords}
            if named == "Scan":
                births.append(module.name)
            literal = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if (method == "values" and "status" in keywords) or (method == "setattr" and "status" in literal):
                ways_around.append(where(module, node))
    assert births == ["workflow/scans/intake.py"]
    assert ways_around == []


def test_tasks_are_made_in_task_groups_only() -> None:
    """A detached task loses its error. The variable is named `group`, or `tasks` in the sandbox."""
    groups = ("group", "tasks", "_tasks", "self._tasks", "self._group")
    wrong = [
        where(module, call)
        for module in modules()
        for call in [*calls(module.tree, "create_task"), *calls(module.tree, "ensure_future")]
        if not isinstance(call.func, ast.Attribute) or ast.unparse(call.func.value) not in groups
    ]
    assert wrong == []


def test_every_kind_of_job_has_a_work() -> None:
    assert set(JOB_HANDLERS) == set(JobKind)


COMPUTED_KINDS = {
    "workflow/accounts/codes.py": [JobKind.MAIL_CODE, JobKind.MAIL_ACCOUNT_EXISTS],  # job kinds of the two state tables
    "workflow/transitions.py": sorted({kind for rule in RULES.values() for kind in rule.jobs}),
    "workflow/reporting/amendments.py": sorted({rule.job for rule in AMENDING.values()}),
}


def enqueued() -> list[tuple[str, str, set[str]]]:
    """Place, kind and payload names of each enqueue; only advance() computes the kind."""
    found = []
    for module in modules():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "enqueue":
                kind = ast.unparse(node.args[1]).removeprefix("JobKind.")
                payload = {str(keyword.arg) for keyword in node.keywords if keyword.arg != "lock"}
                found.append((where(module, node), kind, payload))
    return found


def test_every_enqueued_payload_fits_the_parameters_of_its_handler() -> None:
    """A job is JSON: a name that its handler does not take would fail for two days before it is noticed."""
    wrong, kinds = [], set()
    for place, kind, payload in enqueued():
        named = [JobKind[kind]] if kind in JobKind.__members__ else COMPUTED_KINDS.get(place.partition(":")[0], [])
        assert named, place
        kinds.update(named)
        for one in named:
            parameters = list(inspect.signature(JOB_HANDLERS[one]).parameters.values())[1:]
            required = {p.name for p in parameters if p.default is p.empty}
            if not required <= payload <= {p.name for p in parameters}:
                wrong.append((place, one.value, sorted(payload)))
    assert wrong == []
    assert kinds == set(JobKind), "a kind that is never enqueued"


def test_functions_and_files_stay_short() -> None:
    """Migrations are written by a machine."""
    written = [module for module in modules() if "/migrations/versions/" not in module.name]
    long = [
        f"{where(module, node)} {node.name}"
        for module in written
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []
    assert [module.name for module in written if module.text.count("\n") > LONGEST_FILE] == []


def test_modules_are_named_by_what_they_are() -> None:
    banned = {"utils", "util", "helpers", "helper", "manager", "service", "common", "misc"}
    assert [module.name for module in modules() if banned & set(module.name.removesuffix(".py").split("/"))] == []


def test_every_module_begins_with_a_sentence() -> None:
    def is_sentence(module: Module) -> bool:
        first = (ast.get_docstring(module.tree) or "").split("\n\n")[0]
        return first.endswith((".", ":", "?", "!"))

    assert [module.name for module in modules() if not is_sentence(module)] == []


def test_secrets_are_compared_in_constant_time() -> None:
    """`==` on a digest, a token or a password leaks by its duration how much of a guess is right."""
    secret = {"digest", "password_hash", "token", "digits", "secret"}
    wrong = []
    for module in modules():
        if module.name.startswith("bot/dev/sandbox/"):
            continue  # its token protects nothing
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                continue
            sides = [node.left, *node.comparators]
            names = reduce(or_, ({getattr(part, "attr", getattr(part, "id", ""))} for part in sides))
            if names & secret:
                wrong.append(where(module, node))
    assert wrong == []


FORM_WRITES = ("set_state", "set_data", "update_data", "clear")
OF_THEIR_OWN = {
    "handlers/account/sessions.py: link": "a command, which may be handled again in any state",
    "handlers/account/passwords.py: take_new": "the form ends, and the refusal says so, however often it is handled",
    "handlers/account/authenticator.py: take_password": "notes a message that was sent; the form moved before",
}


def test_a_handler_moves_a_form_in_the_transaction_of_its_update() -> None:
    """Otherwise an update that an outage interrupts finds the form moved already, and its answer is lost."""
    apart = {
        f"{module.name}: {function.name}"
        for module in modules()
        if module.name.startswith("handlers/")
        for function in ast.walk(module.tree)
        if isinstance(function, ast.AsyncFunctionDef) and {"query", "message"} & _parameters(function)
        for call in _writes_outside_transactions(function)
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "state"
    }
    assert apart == set(OF_THEIR_OWN)


def _parameters(function: ast.AsyncFunctionDef) -> set[str]:
    return {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}


def _writes_outside_transactions(function: ast.AsyncFunctionDef) -> list[ast.Call]:
    within: set[ast.AST] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.AsyncWith) and any("begin" in ast.unparse(one) for one in node.items):
            within |= set(ast.walk(node))
    return [call for name in FORM_WRITES for call in calls(function, name) if call not in within]
