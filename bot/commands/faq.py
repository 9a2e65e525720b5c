"""`csss faq`: ask the FAQ from a terminal or a script."""

import json
import sys
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel

from faq.answer import Answer, Faq, load

app = typer.Typer(help="Ask the FAQ, measure it.", no_args_is_help=True)


@app.callback()
def faq() -> None:
    """Ask the FAQ, measure it."""


@app.command()
def ask(
    text: Annotated[str | None, typer.Argument(help="The question.")] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="One question for each line of the standard input.")] = False,
    lang: Annotated[str | None, typer.Option("--lang", help="Language of the answer: en, ta, hi.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object for each question and nothing else.")
    ] = False,
) -> None:
    """Answer a question: topic, score (0-1), answer, and the nearest topics, best first."""
    if (text is None) != stdin:
        raise typer.BadParameter("give one question, or --stdin")
    known = load()
    if lang is not None and lang not in known.languages:
        raise typer.BadParameter(f"{lang} is none of {', '.join(known.languages)}", param_hint="--lang")
    for question in _lines() if stdin else [text or ""]:
        answer = known.answer(question, lang)
        _say_json(answer) if as_json else _say(known, answer)


def _lines() -> Iterable[str]:
    """The questions as UTF-8 whatever the terminal says; an empty line is a question too, so that lines stay paired."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _say_json(answer: Answer) -> None:
    facts = {
        "topic": answer.topic,
        "score": answer.score,
        "answer": answer.text,
        "suggestions": answer.suggestions,
        "emergency": answer.emergency,
        "language": answer.language,
    }
    sys.stdout.buffer.write(json.dumps(facts, ensure_ascii=False).encode() + b"\n")
    sys.stdout.buffer.flush()


def _say(known: Faq, answer: Answer) -> None:
    console = Console()
    title = known.entry(answer.topic, answer.language).title
    console.print(Panel(answer.text, title=f"{title} ({answer.topic}, {answer.score:.2f})", title_align="left"))
    if not answer.sure:
        near = ", ".join(known.entry(topic, answer.language).title for topic in answer.suggestions)
        console.print(f"Nearest: {near}")
