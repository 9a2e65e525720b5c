"""`csss report preview`: a report as the patient would hold it, marked DRAFT."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Reports on paper.", no_args_is_help=True)


@app.callback()
def report() -> None:
    """Reports on paper."""


@app.command()
def preview(
    output: Annotated[Path, typer.Option("-o", "--output", help="where the PDF goes")],
    sample: Annotated[bool, typer.Option("--sample", help="a made-up report of made-up people")] = False,
    lang: Annotated[str, typer.Option(help="language of the report's own words: en, ta or hi")] = "en",
    uncertain: Annotated[bool, typer.Option("--uncertain", help="the sample with an unsure computer")] = False,
    full: Annotated[bool, typer.Option("--full", help="the sample with every optional part")] = False,
) -> None:
    """Write the PDF of a report as a watermarked draft."""
    if not sample:
        raise typer.BadParameter("give --sample", param_hint="--sample")
    output.write_bytes(_draw_sample(lang, uncertain, full))
    typer.echo(str(output))


def _draw_sample(lang: str, uncertain: bool, full: bool) -> bytes:
    from reports.document import Language  # noqa: PLC0415  # WeasyPrint takes a second; other commands need none
    from reports.render import render  # noqa: PLC0415  # as above
    from reports.sample import full_sample, sample  # noqa: PLC0415  # as above

    if lang not in set(Language):
        raise typer.BadParameter(f"choose one of {', '.join(Language)}", param_hint="--lang")
    document = (full_sample if full else sample)(datetime.now(UTC), Language(lang), uncertain)
    return render(replace(document, stamp=replace(document.stamp, draft=True)))
