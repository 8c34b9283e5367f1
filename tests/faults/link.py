"""A network between two servers that a drill makes slow, silent or short-lived."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

#: Closes with a reset, as if the other end had never heard of the connection.
_RESET = struct.pack("ii", 1, 0)


class Link:
    """Carries bytes from a port of its own to another one, both ways.

    Attributes:
        delay: seconds that each piece takes.
        rate: bytes a second that come through; 0 for all.
        is_silent: whether what is sent disappears; connections stand, and new ones come about.
        is_cut: whether every connection that is made ends at once.
    """

    def __init__(self, beyond: int) -> None:
        self.beyond = beyond
        self.mend()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._let_in, daemon=True).start()

    def mend(self) -> None:
        """As it was."""
        self.delay, self.rate, self.is_silent, self.is_cut = 0.0, 0, False, False

    @property
    def is_impaired(self) -> bool:
        """Whether it is not as it was."""
        return bool(self.delay or self.rate or self.is_silent or self.is_cut)

    def lead_to(self, beyond: int) -> None:
        """Leads somewhere else from now on."""
        self.beyond = beyond
        self.reset()

    def reset(self) -> None:
        """Resets every connection that stands."""
        pairs, self._pairs = self._pairs, []
        for each in (end for pair in pairs for end in pair):
            with contextlib.suppress(OSError):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                each.shutdown(socket.SHUT_RD)
            each.close()

    def close(self) -> None:
        """Ends it."""
        self._listener.close()
        self.reset()

    def _let_in(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                guest, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(guest,), daemon=True).start()

    def _connect(self, guest: socket.socket) -> None:
        while self.is_silent:
            time.sleep(0.05)
        if self.is_cut:
            guest.close()
            return
        try:
            host = socket.create_connection(("127.0.0.1", self.beyond), 5)
        except OSError:
            guest.close()
            return
        for each in (guest, host):
            each.settimeout(None)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pairs.append((guest, host))
        for pair in ((guest, host), (host, guest)):
            threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delay)
                while self.is_silent:
                    time.sleep(0.05)
                self._pass_on(data, target)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _pass_on(self, data: bytes, target: socket.socket) -> None:
        while data:
            rate = self.rate
            piece = max(1, rate // 10) if rate else len(data)
            target.sendall(data[:piece])
            data = data[piece:]
            if rate:
                time.sleep(0.1)
