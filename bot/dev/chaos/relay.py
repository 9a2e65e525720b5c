"""A TCP relay in front of a server: cuts, refuses, holds or slows its connections, as an outage of the server would."""

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from typing import Final, Self

HOST: Final = "127.0.0.1"
CHUNK: Final = 16 * 1024  # bytes passed on at once
PAUSE: Final = 0.2  # seconds before each chunk of a slow relay


class Relay:
    """`async with Relay(host, port) as relay:` passes connections to `relay.port` on to the server."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self._target = host, port
        self._listener: asyncio.Server | None = None
        self._writers: set[StreamWriter] = set()
        self._flows = asyncio.Event()
        self._pause = 0.0

    async def __aenter__(self) -> Self:
        await self.heal()
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.refuse()

    async def heal(self) -> None:
        """Accept connections, at the same port as before, and pass everything on at once."""
        self._pause = 0.0
        self._flows.set()
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, HOST, self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """End all connections and refuse new ones, as a stopped server does."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.cut()

    def cut(self) -> None:
        """End all connections; new ones are accepted."""
        for writer in list(self._writers):
            writer.transport.abort()

    def silence(self) -> None:
        """Accept connections and pass nothing on."""
        self._flows.clear()

    def slow_down(self) -> None:
        self._pause = PAUSE

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._flows.wait()
            server_reader, server_writer = await asyncio.open_connection(*self._target)
            self._writers.add(server_writer)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pump(reader, server_writer))
                    group.create_task(self._pump(server_reader, writer))
            finally:
                self._writers.discard(server_writer)
                server_writer.transport.abort()
        except* OSError:
            pass  # either side is gone
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pump(self, reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await asyncio.sleep(self._pause)
            await self._flows.wait()
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()
