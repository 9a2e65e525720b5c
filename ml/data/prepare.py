"""Index the scans and split them by patient into the committed manifest."""

import csv
import gzip
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from ml.data.layouts import find_samples
from ml.data.near_duplicates import find_near_duplicates
from ml.data.samples import SHARES, Row, Sample, Split
from models.vocabulary import Label, Modality

MANIFEST: Final = Path(__file__).parents[1] / "split.csv.gz"
SEED: Final = 42


def read_index(path: Path) -> list[Sample]:
    """Read the columns `file, label, modality, source, patient`; others are ignored."""
    with path.open(newline="", encoding="utf-8") as lines:
        return [
            Sample(row["file"], Label(row["label"]), Modality(row["modality"]), row["source"], row["patient"])
            for row in csv.DictReader(lines)
        ]


def group_patients(samples: Iterable[Sample], near_duplicates: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Patient to group; patients with near-duplicate pictures form one group."""
    groups = {sample.patient: sample.patient for sample in samples}

    def root(patient: str) -> str:
        while groups[patient] != patient:
            patient = groups[patient]
        return patient

    for one, other in near_duplicates:
        first, second = sorted((root(one), root(other)))
        groups[second] = first
    return {patient: root(patient) for patient in groups}


def split_patients(
    samples: Sequence[Sample], near_duplicates: Iterable[tuple[str, str]] = (), seed: int = SEED
) -> list[Row]:
    """Assign each patient group to one split, stratified by (label, source), 70/15/15.

    A group with several strata counts for its rarest: an NIH patient may be normal on one film and not on the next.
    """
    groups = group_patients(samples, near_duplicates)
    sizes: dict[tuple[str, str], int] = defaultdict(int)
    strata_of: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for sample in samples:
        sizes[sample.label, sample.source] += 1
        strata_of[groups[sample.patient]].add((sample.label, sample.source))
    strata: dict[tuple[str, str], list[str]] = defaultdict(list)
    for group, kinds in strata_of.items():
        strata[min(kinds, key=lambda kind: (sizes[kind], kind))].append(group)
    assigned: dict[str, Split] = {}
    for kind in sorted(strata):
        assigned.update(split_stratum(sorted(strata[kind]), seed, ":".join(kind)))
    return [Row(*sample, assigned[groups[sample.patient]]) for sample in samples]


def split_stratum(groups: Sequence[str], seed: int, name: str) -> dict[str, Split]:
    """Split one stratum with its own seed, so that adding a stratum does not change the others."""
    own = int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")
    order = np.random.default_rng(own).permutation(len(groups))
    held = max(1, round(len(groups) * SHARES[Split.TEST])) if len(groups) > 2 else 0
    splits = [Split.TEST] * held + [Split.VALIDATION] * held + [Split.TRAIN] * (len(groups) - 2 * held)
    return {groups[index]: split for index, split in zip(order, splits, strict=True)}


def write_manifest(rows: Iterable[Row], path: Path = MANIFEST) -> str:
    """Write the manifest; returns the SHA-256 of its text, which is stored in every bundle."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(sorted(rows))
    raw = text.getvalue().encode()
    path.write_bytes(gzip.compress(raw, 9, mtime=0))
    return hashlib.sha256(raw).hexdigest()


def read_manifest(path: Path = MANIFEST) -> list[Row]:
    """The committed split."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return [
            Row(
                row["file"],
                Label(row["label"]),
                Modality(row["modality"]),
                row["source"],
                row["patient"],
                Split(row["split"]),
            )
            for row in csv.DictReader(lines)
        ]


def hash_manifest(path: Path = MANIFEST) -> str:
    """The SHA-256 of the uncompressed text."""
    return hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()


def prepare(
    data: Annotated[
        Path,
        typer.Argument(
            help="CSV with file, label, modality, source, patient; or a folder of unpacked Kaggle data sets"
        ),
    ],
    manifest: Annotated[Path, typer.Option(help="where the split is written")] = MANIFEST,
) -> None:
    """Split the scans by patient and write the manifest."""

    folder = data if data.is_dir() else data.parent
    samples = find_samples(data) if data.is_dir() else read_index(data)
    if not samples:
        raise typer.BadParameter(f"no scans found in {data}; pydoc ml.data.layouts shows the layouts that are known")
    near_duplicates = find_near_duplicates(folder, samples)
    rows = split_patients(samples, near_duplicates)
    digest = write_manifest(rows, manifest)
    table = Table(
        "label",
        "source",
        *Split,
        title=f"{len(rows)} pictures, {len(near_duplicates)} near-duplicate pairs, sha256 {digest[:12]}",
    )
    for kind in sorted({(row.label, row.source) for row in rows}):
        counts = (sum((row.label, row.source, row.split) == (*kind, split) for row in rows) for split in Split)
        table.add_row(*kind, *map(str, counts))
    Console().print(table)


app = typer.Typer(help="The training data.", no_args_is_help=True)
app.command()(prepare)


@app.callback()
def data() -> None:
    """The training data."""
