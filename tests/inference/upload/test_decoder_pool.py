"""Uploads are decoded in a separate process that may be lost and whose answers are checked."""

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
from inference.upload.decoder import DecoderLost, DecoderPool, Receiver, _DecoderProcess
from inference.upload.open import open_picture


@pytest.fixture
def decoder() -> Iterator[DecoderPool]:
    with DecoderPool(timeout=15) as opened:
        yield opened


def reason_for(decoder: DecoderPool, data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        decoder.decode(data)
    return caught.value.reason


def test_a_picture_comes_out_as_it_does_without_the_wall(
    decoder: DecoderPool, jpeg: bytes, radiograph_file: Path
) -> None:
    """Purpose: the decoder process returns the same pixels as decoding in place, for each format and size."""
    for data, longest in ((jpeg, None), (jpeg, 100), (radiograph_file.read_bytes(), None)):
        behind, before = decoder.decode(data, longest), open_picture(data, longest)
        assert np.array_equal(behind.grey, before.grey)
        assert (behind.format, behind.adjustments, behind.size) == (before.format, before.adjustments, before.size)


async def test_pictures_that_wait_for_their_turn_hold_up_no_other_work(decoder: DecoderPool) -> None:
    """Purpose: passwords, reports and files share the loop's default threads, of which a small machine has six."""
    turn = threading.Event()
    async with asyncio.TaskGroup() as pictures:
        for _ in range(40):
            pictures.create_task(decoder.run(turn.wait))
        try:
            assert await asyncio.wait_for(asyncio.to_thread(lambda: "served"), 10) == "served"
        finally:
            turn.set()


def test_a_refusal_comes_out_with_its_reason(decoder: DecoderPool, jpeg: bytes) -> None:
    """Purpose: the patient reads the reason, and the child process lives on."""
    child = decoder.pid
    assert reason_for(decoder, b"") is Reason.EMPTY
    assert reason_for(decoder, jpeg[:-9]) is Reason.TRUNCATED
    assert decoder.pid == child


def test_a_child_that_was_killed_is_replaced_unseen(decoder: DecoderPool, jpeg: bytes) -> None:
    """Purpose: an external kill costs no patient a picture."""
    lost = decoder.pid
    os.kill(lost, signal.SIGKILL)
    assert decoder.decode(jpeg).grey.shape == (256, 256)
    assert decoder.pid != lost


@pytest.mark.slow
def test_a_child_that_hangs_is_ended_and_the_next_picture_is_served(jpeg: bytes) -> None:
    """Purpose: a decoder that never ends blocks nobody for ever."""
    with DecoderPool(timeout=1) as decoder:
        hung = decoder.pid
        os.kill(hung, signal.SIGSTOP)
        assert reason_for(decoder, jpeg) is Reason.TOO_HEAVY
        assert decoder.pid != hung
        assert not Path(f"/proc/{hung}").exists()
    with DecoderPool() as decoder:
        assert decoder.decode(jpeg).size == (256, 256)


def test_a_picture_that_kills_its_child_twice_is_refused(decoder: DecoderPool, jpeg: bytes) -> None:
    """Purpose: the third attempt would end the same way."""
    over = threading.Event()

    def murder() -> None:
        while not over.is_set():
            with suppress(ProcessLookupError):  # between two children
                os.kill(decoder.pid, signal.SIGKILL)
            sleep(0.002)

    killer = threading.Thread(target=murder)
    killer.start()
    try:
        assert reason_for(decoder, jpeg) is Reason.TOO_HEAVY
    finally:
        over.set()
        killer.join()


def test_the_child_holds_no_secret_and_can_do_nothing_but_decode(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, jpeg: bytes
) -> None:
    """Purpose: an exploited decoder finds no token, writes no file, starts no program and cannot exhaust memory."""
    monkeypatch.setenv("CSSS_BOT_TOKEN", "42:secret")
    with DecoderPool() as decoder:
        decoder.decode(jpeg)
        proc = Path(f"/proc/{decoder.pid}")
        limits = {line[:26].strip(): line[26:].split()[0] for line in (proc / "limits").read_text().splitlines()}
        assert "secret" not in (proc / "environ").read_text()
        assert (limits["Max file size"], limits["Max processes"], limits["Max core file size"]) == ("0", "0", "0")
        assert int(limits["Max address space"]) < 1_000_000_000
        assert int(limits["Max cpu time"]) < 20


def test_the_child_imports_no_more_than_decoding_needs(decoder: DecoderPool, jpeg: bytes) -> None:
    """Purpose: it runs beside the bot all day, so it must be small: no OpenCV, no network, no database."""
    decoder.decode(jpeg)
    maps = Path(f"/proc/{decoder.pid}/maps").read_text()
    assert "/cv2/" not in maps
    assert "litert" not in maps
    assert "numpy" in maps


def test_the_child_is_gone_when_its_parent_is(decoder: DecoderPool, jpeg: bytes) -> None:
    """Purpose: a kill -9 of the bot leaves no process; the child's end of the pipe is its only link."""
    decoder.decode(jpeg)
    child = decoder.pid
    decoder._decoder._pipe.close()
    ended = monotonic() + 5
    while Path(f"/proc/{child}/stat").read_text().split()[2] != "Z" and monotonic() < ended:
        sleep(0.02)
    assert Path(f"/proc/{child}/stat").read_text().split()[2] == "Z"


@pytest.mark.parametrize(
    "answer",
    [b"no json", b"[]", b"{}", b'{"reason": "x"}', b'{"shape": [90000, 90000]}', b'{"shape": [64, 64]}', b"1" * 9999],
)
@pytest.mark.parametrize("receive", [_DecoderProcess.receive, _DecoderProcess.receive_depth])
def test_a_child_that_was_taken_over_says_nothing_that_is_believed(
    decoder: DecoderPool, answer: bytes, receive: Receiver[object]
) -> None:
    """Purpose: the child's answer is untrusted: it is parsed as JSON and validated, never unpickled."""
    child = decoder._decoder
    ours, traitors = Pipe()
    honest, child._pipe = child._pipe, ours
    with honest, traitors:
        traitors.send_bytes(answer)
        traitors.send_bytes(b"few pixels")
        with pytest.raises(DecoderLost):
            child.decode(b"", b"[null, false]", receive, 5)
