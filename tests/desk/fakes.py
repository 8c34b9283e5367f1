"""Real HTTP servers that stand for Rasa and for a front end, and do what those might."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CUSTOM = {
    "status": "answered", "answers": [], "triage": "info", "rule": None, "escalate": False,
    "reason": None,
}  # fmt: skip


class Server:
    """An HTTP server in a thread; ``answer`` makes (status, body) of a request's headers and JSON."""

    def __init__(self, answer: Callable[[dict[str, str], Any], tuple[int, Any]]) -> None:
        self.answer = answer
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send(200, {"model_file": "fake"})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = outer.answer(dict(self.headers), json.loads(body))
                self.send(status, answer)

            def send(self, status: int, answer: Any) -> None:
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                # Who asked may have been killed.
                with contextlib.suppress(ConnectionError, TimeoutError):
                    super().handle()

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

        self._http = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class FakeRasa(Server):
    """Answers 「答え:…」, or misbehaves as told."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.asked: list[dict[str, Any]] = []
        self.behaviour: Callable[[], tuple[int, Any]] | None = None
        self.seconds = 0.0

    def _answer(self, _: dict[str, str], body: Any) -> tuple[int, Any]:
        with self.lock:
            self.asked.append(body)
        time.sleep(self.seconds)
        if self.behaviour is not None:
            return self.behaviour()
        return 200, [{"text": f"答え:{body['message']}"}, {"custom": CUSTOM}]


class FrontEnd(Server):
    """Takes replies, each key once; refuses as told."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.replies: list[dict[str, Any]] = []
        self.deliveries = 0
        self.refusals: list[int] = []

    def _answer(self, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        with self.lock:
            self.deliveries += 1
            if self.refusals:
                return self.refusals.pop(0), {}
            if headers["Idempotency-Key"] in {reply["key"] for reply in self.replies}:
                return 409, {}
            self.replies.append(body)
            return 200, {}

    def texts(self, conversation: str) -> list[str]:
        """What a patient has been told, in the order in which it came."""
        with self.lock:
            return [r["text"] for r in self.replies if r["conversation"] == conversation]
