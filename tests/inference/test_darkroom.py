"""Strangers' bytes are opened in a process that may be lost, and that nothing bad comes out of."""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import Pipe
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

from inference.errors import Reason, Refused
from inference.upload.decoder import Darkroom, Lost
from inference.upload.open import open_picture


@pytest.fixture
def darkroom() -> Iterator[Darkroom]:
    with Darkroom(patience=15) as opened:
        yield opened


def reason_for(darkroom: Darkroom, data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        darkroom.open(data)
    return caught.value.reason


def test_a_picture_comes_out_as_it_does_without_the_wall(
    darkroom: Darkroom, jpeg: bytes, radiograph_file: Path
) -> None:
    """Purpose: the process changes who decodes and nothing of what is decoded, for each format and size."""
    for data, longest in ((jpeg, None), (jpeg, 100), (radiograph_file.read_bytes(), None)):
        behind, before = darkroom.open(data, longest), open_picture(data, longest)
        assert np.array_equal(behind.grey, before.grey)
        assert (behind.format, behind.adjustments, behind.size) == (before.format, before.adjustments, before.size)


async def test_pictures_that_wait_for_their_turn_hold_up_no_other_work(darkroom: Darkroom) -> None:
    """Purpose: passwords, reports and files share the loop's own threads, of which a small machine has six."""
    turn = threading.Event()
    async with asyncio.TaskGroup() as pictures:
        for _ in range(40):
            pictures.create_task(darkroom.aside(turn.wait))
        try:
            assert await asyncio.wait_for(asyncio.to_thread(lambda: "served"), 10) == "served"
        finally:
            turn.set()


def test_a_refusal_comes_out_with_its_reason(darkroom: Darkroom, jpeg: bytes) -> None:
    """Purpose: the patient hears the same sentence as before, and the child lives on."""
    child = darkroom.pid
    assert reason_for(darkroom, b"") is Reason.EMPTY
    assert reason_for(darkroom, jpeg[:-9]) is Reason.TRUNCATED
    assert darkroom.pid == child


def test_a_child_that_was_killed_is_replaced_unseen(darkroom: Darkroom, jpeg: bytes) -> None:
    """Purpose: what others do to the machine costs no patient a picture."""
    lost = darkroom.pid
    os.kill(lost, signal.SIGKILL)
    assert darkroom.open(jpeg).grey.shape == (256, 256)
    assert darkroom.pid != lost


def test_a_child_that_hangs_is_ended_and_the_next_picture_is_served(jpeg: bytes) -> None:
    """Purpose: a decoder that never ends keeps nobody waiting for ever."""
    with Darkroom(patience=1) as darkroom:
        hung = darkroom.pid
        os.kill(hung, signal.SIGSTOP)
        assert reason_for(darkroom, jpeg) is Reason.TOO_HEAVY
        assert darkroom.pid != hung
        assert not Path(f"/proc/{hung}").exists()
    with Darkroom() as darkroom:
        assert darkroom.open(jpeg).size == (256, 256)


def test_a_picture_that_kills_its_child_twice_is_refused(darkroom: Darkroom, jpeg: bytes) -> None:
    """Purpose: the third time would end the same way."""
    over = threading.Event()

    def murder() -> None:
        while not over.is_set():
            with suppress(ProcessLookupError):  # between two children
                os.kill(darkroom.pid, signal.SIGKILL)
            sleep(0.002)

    killer = threading.Thread(target=murder)
    killer.start()
    try:
        assert reason_for(darkroom, jpeg) is Reason.TOO_HEAVY
    finally:
        over.set()
        killer.join()


def test_the_child_holds_no_secret_and_can_do_nothing_but_decode(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, jpeg: bytes
) -> None:
    """Purpose: whoever takes a decoder over finds no token, writes no file, starts no program and cannot bloat."""
    monkeypatch.setenv("CSSS_BOT_TOKEN", "42:secret")
    with Darkroom() as darkroom:
        darkroom.open(jpeg)
        proc = Path(f"/proc/{darkroom.pid}")
        limits = {line[:26].strip(): line[26:].split()[0] for line in (proc / "limits").read_text().splitlines()}
        assert "secret" not in (proc / "environ").read_text()
        assert (limits["Max file size"], limits["Max processes"], limits["Max core file size"]) == ("0", "0", "0")
        assert int(limits["Max address space"]) < 1_000_000_000
        assert int(limits["Max cpu time"]) < 20


def test_the_child_imports_no_more_than_decoding_needs(darkroom: Darkroom, jpeg: bytes) -> None:
    """Purpose: it stands beside the bot all day, so it must be small: no OpenCV, no network, no database."""
    darkroom.open(jpeg)
    maps = Path(f"/proc/{darkroom.pid}/maps").read_text()
    assert "/cv2/" not in maps
    assert "litert" not in maps
    assert "numpy" in maps


def test_the_child_is_gone_when_its_parent_is(darkroom: Darkroom, jpeg: bytes) -> None:
    """Purpose: a kill -9 of the bot leaves nobody behind; the child's end of the pipe is all that holds it."""
    darkroom.open(jpeg)
    child = darkroom.pid
    darkroom._child._door.close()
    ended = monotonic() + 5
    while Path(f"/proc/{child}/stat").read_text().split()[2] != "Z" and monotonic() < ended:
        sleep(0.02)
    assert Path(f"/proc/{child}/stat").read_text().split()[2] == "Z"


@pytest.mark.parametrize(
    "said",
    [b"no json", b"[]", b"{}", b'{"reason": "x"}', b'{"shape": [90000, 90000]}', b'{"shape": [64, 64]}', b"1" * 9999],
)
def test_a_child_that_was_taken_over_says_nothing_that_is_believed(darkroom: Darkroom, said: bytes) -> None:
    """Purpose: an answer is data of a stranger too; it is read as JSON and checked, never unpickled."""
    child = darkroom._child
    ours, traitors = Pipe()
    honest, child._door = child._door, ours
    with honest, traitors:
        traitors.send_bytes(said)
        traitors.send_bytes(b"few pixels")
        with pytest.raises(Lost):
            child.develop(b"", None, 5)
