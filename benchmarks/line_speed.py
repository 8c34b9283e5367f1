"""How soon the desk acknowledges LINE's webhooks while Rasa hangs (``make bench-line``, in ``make bench``).

Each of many patients sends a message at the same moment, over a connection of its own; Rasa takes every
request and answers none for 30 seconds. Timed is from the first attempt to connect until the status
line is there, by a client that does nothing else. LINE's own calls go to a server that says yes.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import statistics
import sys
import time
import uuid
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks.line_webhook import ACCOUNT, YES, webhook
from benchmarks.lone_desk import lone_desk
from benchmarks.percentile import percentile
from benchmarks.sets import FROZEN, read_set

#: Limit of the 99th percentile, in milliseconds.
P99_LIMIT = 1000.0
_RASA_HANGS_SECONDS = 30.0
#: Seconds from one burst to the next: what the last one left to do is still being done.
_PAUSE = 3.0


def main() -> int:
    """Prints a table; the exit code is 1 when the limit does not hold."""
    parser = argparse.ArgumentParser(prog="make bench-line", description=__doc__)
    parser.add_argument("--webhooks", type=int, default=200, help="at once (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--database", help="URL of an empty database, which is filled (default: a new SQLite file)"
    )
    arguments = parser.parse_args()
    secret = secrets.token_hex(16)
    texts = [sentence.text for sentence in read_set(FROZEN)]
    patients = [f"U{uuid.uuid4().hex}" for _ in range(arguments.webhooks)]
    times = []

    def settings(address: str) -> dict[str, str]:
        return {
            "LINE_URL": address, "LINE_CHANNEL_SECRETS": secret, "LINE_CHANNEL_TOKEN": "token",
            "LINE_USER_ID": ACCOUNT,
        }  # fmt: skip

    with lone_desk(_serve, settings, arguments.database) as (ports, _):
        for i in range(arguments.rounds):
            bodies = [
                webhook(ports.desk, secret, patient, texts[(i * len(patients) + j) % len(texts)])[0]
                for j, patient in enumerate(patients)
            ]
            times.append(asyncio.run(_burst(ports.desk, bodies)))
            time.sleep(_PAUSE)
    return _print(times)


def _serve(ready: Any) -> None:
    """Rasa that hangs, and LINE that says yes, at one address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path.startswith("/webhooks/"):
                time.sleep(_RASA_HANGS_SECONDS)
            self.do_GET()

        def do_GET(self) -> None:
            body = b'{"model_file": "hangs"}' if self.path == "/status" else YES
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 1024

        def handle_error(self, *_: object) -> None:
            """The desk has waited long enough and gone."""

    server = Server(("127.0.0.1", 0), Handler)
    ready.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


async def _burst(port: int, requests: Sequence[bytes]) -> list[float]:
    """Milliseconds until each request is acknowledged, all sent at once."""

    async def sent(request: bytes) -> float:
        start = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        status = await reader.readline()
        end = time.perf_counter()
        writer.close()
        if b" 200 " not in status:
            raise RuntimeError(f"not acknowledged: {status!r}")
        return (end - start) * 1000

    return await asyncio.gather(*map(sent, requests))


def _print(rounds: Sequence[Sequence[float]]) -> int:
    at_once = len(rounds[0])
    print(f"| {at_once} webhooks at once, Rasa hangs | median ms | p99 ms | longest ms | limit |")
    print("|---|---|---|---|---|")
    for i, times in enumerate(rounds, start=1):
        print(f"| burst {i}{', new patients' if i == 1 else ''} {_row(times)} | |")
    together = [t for times in rounds for t in times]
    print(f"| all {_row(together)} | p99 ≤ {P99_LIMIT:.0f} |")
    kept = percentile(together, 99) <= P99_LIMIT
    print(f"\nlimit: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


def _row(times: Sequence[float]) -> str:
    return f"| {statistics.median(times):.0f} | {percentile(times, 99):.0f} | {max(times):.0f}"


if __name__ == "__main__":
    sys.exit(main())
