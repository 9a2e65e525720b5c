"""`csss faq`: asks and measures the FAQ from a terminal or a script."""

import json
import sys
from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from faq.answer import Answer, Faq, load
from faq.evaluation import (
    ANSWER_HALVES,
    HALVES,
    AnswerFigures,
    Figures,
    Result,
    Share,
    answer_all,
    confusions,
    count,
    count_answers,
    is_right,
    read_asked,
    read_questions,
)

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
    complaint: Annotated[
        bool, typer.Option("--complaint", help="Judge the urgency as of an answer to the complaint's form.")
    ] = False,
) -> None:
    """Answer a question: topic, score (0-1), answer, and the nearest topics, best first."""
    if (text is None) != stdin:
        raise typer.BadParameter("give one question, or --stdin")
    faq_engine = load()
    if lang is not None and lang not in faq_engine.languages:
        raise typer.BadParameter(f"{lang} is none of {', '.join(faq_engine.languages)}", param_hint="--lang")
    for question in _lines() if stdin else [text or ""]:
        answer = faq_engine.answer(question, lang, complaint=complaint)
        _print_json(answer) if as_json else _print(faq_engine, answer)


@app.command()
def evaluate(
    half: Annotated[str, typer.Option("--half", help="The half whose confusions are listed: tune or test.")] = "tune",
    questions: Annotated[bool, typer.Option("--questions", help="Show the questions that went wrong, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each half and language.")] = False,
) -> None:
    """Measure the FAQ on its own questions. Words and weights are tuned on the half `tune` only."""
    if half not in HALVES:
        raise typer.BadParameter(f"{half} is none of {', '.join(HALVES)}", param_hint="--half")
    faq_engine = load()
    results = {name: answer_all(faq_engine, read_questions(name)) for name in HALVES}
    figures = {(name, lang): count(results[name], lang) for name in HALVES for lang in (*faq_engine.languages, None)}
    asked = {name: answer_all(faq_engine, read_asked(name)) for name in ANSWER_HALVES}
    answers = {
        (name, lang): count_answers(faq_engine, asked[name], lang)
        for name in ANSWER_HALVES
        for lang in (*faq_engine.languages, None)
    }
    if as_json:
        _figures_json(figures)
        _answers_json(answers)
        return
    console = Console()
    console.print(_figures_table(figures), _answers_table(answers), _confusion_table(half, results[half]))
    if questions:
        console.print(_wrong_table(results[half]))


def _figures_json(figures: dict[tuple[str, str | None], Figures]) -> None:
    for (half, language), measured in figures.items():
        shares = {
            "top": measured.top_1,
            "three": measured.top_3,
            "refused": measured.refused,
            "recalled": measured.emergencies,
            "alarms": measured.false_alarms,
        }
        place = {"measure": "topic", "half": half, "language": language or "all"}
        _print_line({**place, **_rates(shares), "slowest_ms": round(measured.slowest * 1e3, 2)})


def _answers_json(figures: dict[tuple[str, str | None], AnswerFigures]) -> None:
    for (half, language), measured in figures.items():
        shares = {"answered": measured.answered, "offered": measured.offered, "refused": measured.refused}
        _print_line({"measure": "answer", "half": half, "language": language or "all", **_rates(shares)})


def _rates(shares: dict[str, Share]) -> dict[str, dict[str, float | None]]:
    return {name: {"good": share.good, "total": share.total, "rate": share.rate} for name, share in shares.items()}


def _figures_table(figures: dict[tuple[str, str | None], Figures]) -> Table:
    table = Table(
        "half", "language", "top 1", "in 3", "refused", "emergencies", "false alarms", "slowest", title="Topics"
    )
    for (half, language), measured in figures.items():
        shares = (measured.top_1, measured.top_3, measured.refused, measured.emergencies, measured.false_alarms)
        table.add_row(half, language or "all", *map(_rate, shares), f"{measured.slowest * 1e3:.1f} ms")
    return table


def _answers_table(figures: dict[tuple[str, str | None], AnswerFigures]) -> Table:
    table = Table("half", "language", "answered", "or offered", "refused", title="Answers")
    for (half, language), measured in figures.items():
        table.add_row(half, language or "all", *map(_rate, (measured.answered, measured.offered, measured.refused)))
    return table


def _rate(share: Share) -> str:
    return "-" if share.rate is None else f"{share.rate:.3f} /{share.total}"


def _confusion_table(half: str, results: list[Result]) -> Table:
    table = Table("right", "answered", "times", title=f"Confusions ({half})")
    for right, given, times in confusions(results):
        table.add_row(right, given, str(times))
    return table


def _wrong_table(results: list[Result]) -> Table:
    table = Table("question", "right", "answered", "score", title="Gone wrong")
    for question, answer, _ in (one for one in results if not is_right(one)):
        table.add_row(question.text, "/".join(sorted(question.right)), answer.topic, f"{answer.score:.2f}")
    return table


def _lines() -> Iterable[str]:
    """The questions of stdin as UTF-8; an empty line is a question too, so that answers stay paired with lines."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _print_json(answer: Answer) -> None:
    _print_line(
        {
            "topic": answer.topic,
            "score": answer.score,
            "answer": answer.text,
            "suggestions": answer.suggestions,
            "emergency": answer.emergency,
            "urgency": answer.urgency,
            "language": answer.language,
        }
    )


def _print_line(facts: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(facts, ensure_ascii=False).encode() + b"\n")
    sys.stdout.buffer.flush()


def _print(faq_engine: Faq, answer: Answer) -> None:
    console = Console()
    title = faq_engine.entry(answer.topic, answer.language).title
    console.print(Panel(answer.text, title=f"{title} ({answer.topic}, {answer.score:.2f})", title_align="left"))
    if not answer.sure:
        near = ", ".join(faq_engine.entry(topic, answer.language).title for topic in answer.suggestions)
        console.print(f"Nearest: {near}")
