"""A program in its own process that can be killed and started again over the same data."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bot.dev.bench.machine import environment


class Program:
    """The environment is this process's without CSSS_ variables, and `settings`; the output is appended to `log`."""

    def __init__(self, arguments: Sequence[str], settings: Mapping[str, str], folder: Path, log: Path) -> None:
        """`folder`: the working directory."""
        self._arguments, self._settings, self._folder, self.log = arguments, settings, folder, log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._arguments,
                env={**environment(), **self._settings},
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "not started"
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def kill(self) -> None:
        """Send kill -9."""
        if self.is_running:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Send kill -9 and wait until the process is gone."""
        self.kill()
        if self._process is not None:
            await self._process.wait()

    async def stop(self, within: float) -> int:
        """Send SIGTERM. Returns the exit code; raises TimeoutError when it does not end."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(within):
            return await self.process.wait()
