"""The table of all commands: where each is defined, and its line in `csss --help`."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, ClassVar, Final

import typer

from bot.cli.lazy import LazyCommand, LazyGroup, from_module

TRAINING: Final = {
    "data": "Split the training pictures by patient and write the manifest.",
    "train": "Train the classifier on the committed split.",
    "second": "Train a second network beside a bundle's own and write both as a new bundle.",
    "heads": "Fit heads and thresholds for chest films on clean and degraded pictures, and write a new bundle.",
    "export": "Write the bundle of a training run, with its measured quality.",
    "evaluate": "Measure a bundle on one split and draw the model card's plots.",
    "compare": "Print a table of recipes: mean over seeds, spread and confidence interval.",
    "shortcuts": "Show how far the model could win without reading the disease.",
    "outside": "Leave out one hospital at a time and measure the model on its films.",
    "formats": "Print a table of number formats: time of a pass, size and difference to the served network.",
    "finder": "Train the network that finds the film in a photograph, and measure it on validation films.",
    "heart-segmenter": "Train the network that outlines hearts, by fold and as a whole.",
    "heart-reading": "Fit the reading of hearts' measures and write heart.json, with its measured quality.",
}
EXTRA_HINT: Final = "(needs the `ml` extra)"


def _from_entry_point(name: str) -> Callable[[], Any]:
    """A loader of a training command: an entry point, as `bot` does not import `ml`."""

    def load() -> Any:  # noqa: ANN401 - a function or a Typer application
        [entry] = entry_points(group="csss.commands", name=name)
        return entry.load()

    return load


class ModelGroup(LazyGroup):
    table: ClassVar[Mapping[str, LazyCommand]] = {
        name: LazyCommand(_from_entry_point(name), line) for name, line in TRAINING.items()
    }


class ReportGroup(LazyGroup):
    table: ClassVar[Mapping[str, LazyCommand]] = {
        "preview": LazyCommand(
            from_module("bot.cli.report.preview:preview"), "Write a report as a watermarked PDF: a scan's, or a sample."
        ),
        "verify": LazyCommand(from_module("bot.cli.report.verify:verify"), "Check the three signatures of a report."),
    }


def _group(cls: type[LazyGroup], line: str) -> typer.Typer:
    group = typer.Typer(cls=cls, no_args_is_help=True, help=line)
    group.callback()(lambda: None)
    return group


class RootGroup(LazyGroup):
    table: ClassVar[Mapping[str, LazyCommand]] = {
        "demo": LazyCommand(
            from_module("bot.cli.dev.demo:demo"),
            "The whole clinic on this machine: web chat, mailbox and bot, with demo people and a sample scan.",
        ),
        "sandbox": LazyCommand(from_module("bot.cli.dev.sandbox:sandbox"), "The Bot API emulator alone, on loopback."),
        "run": LazyCommand(
            from_module("bot.cli.run:run"), "Run the bot: polling by default, webhook when CSSS_WEBHOOK_URL is set."
        ),
        "worker": LazyCommand(
            from_module("bot.cli.operator.worker:worker"), "Run jobs only, beside other processes (PostgreSQL)."
        ),
        "doctor": LazyCommand(
            from_module("bot.cli.operator.doctor:doctor"),
            "Check settings, data, machine and services, and say what to do next.",
        ),
        "backup": LazyCommand(
            from_module("bot.cli.operator.backup:backup"), "Back up database, pictures, reports and keys, encrypted."
        ),
        "restore": LazyCommand(
            from_module("bot.cli.operator.restore:restore"), "Restore a backup into an empty installation."
        ),
        "files": LazyCommand(
            from_module("bot.cli.operator.files:app"),
            "Copy pictures, reports and voice notes into a bucket, and back.",
        ),
        "db": LazyCommand(from_module("bot.cli.db:app"), "The database."),
        "user": LazyCommand(from_module("bot.cli.accounts:app"), "Accounts."),
        "invite": LazyCommand(
            from_module("bot.cli.accounts:invite"), "Create a one-time invitation to the staff, valid for three days."
        ),
        "keys": LazyCommand(from_module("bot.cli.keys:app"), "Signing keys and the master key."),
        "audit": LazyCommand(from_module("bot.cli.audit:app"), "The audit record: verify it, export it."),
        "privacy": LazyCommand(
            from_module("bot.cli.operator.privacy:app"), "Breaches of data: list the people concerned."
        ),
        "report": LazyCommand(lambda: _group(ReportGroup, "Reports as PDF."), "Reports as PDF: preview and verify."),
        "faq": LazyCommand(from_module("bot.cli.faq:app"), "Ask the FAQ, measure it."),
        "formulary": LazyCommand(
            from_module("bot.cli.formulary:app"), "Read and check prescription lines; look through the formulary."
        ),
        "mail": LazyCommand(from_module("bot.cli.mail:app"), "Bounced mail."),
        "classify": LazyCommand(from_module("bot.cli.classify:classify"), "Classify pictures and folders of them."),
        "robust": LazyCommand(
            from_module("bot.cli.model.robust:robust"), "Measure the classifier on films degraded as phones do it."
        ),
        "model": LazyCommand(
            lambda: _group(ModelGroup, f"How the model was made {EXTRA_HINT}."),
            f"How the model was made: data, training, evaluation {EXTRA_HINT}.",
        ),
        "bench": LazyCommand(
            from_module("bot.cli.dev.bench:bench"), "Measure the figures of the README on this machine."
        ),
        "chaos": LazyCommand(
            from_module("bot.cli.dev.chaos:chaos"), "Kill and starve real processes, and check every promise after it."
        ),
        # the names before `csss model`, for one release
        **{name: LazyCommand(_from_entry_point(name), line, hidden=True) for name, line in TRAINING.items()},
    }
