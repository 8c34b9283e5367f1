"""Real servers that stand for Rasa, a front end and a mail server, and do what those might."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socketserver
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CUSTOM = {
    "status": "answered", "answers": [], "triage": "info", "rule": None, "escalate": False,
    "reason": None,
}  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """Answers at once, says nothing, and gets over whoever is gone."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def handle(self) -> None:
        # Who asked may have been killed, or may have waited long enough.
        with contextlib.suppress(ConnectionError, TimeoutError):
            super().handle()


class Quiet(ThreadingHTTPServer):
    """A server in a thread of its own, on a free port of the loopback address."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Server:
    """An HTTP server in a thread; ``answer`` makes (status, body) of a request's headers and JSON."""

    def __init__(self, answer: Callable[[dict[str, str], Any], tuple[int, Any]]) -> None:
        self.answer = answer
        self.model, self.status_calls, self.status_seconds = "fake", 0, 0.0
        self.lock = threading.Lock()
        outer = self

        class Answers(Handler):
            def do_GET(self) -> None:
                outer.status_calls += 1
                time.sleep(outer.status_seconds)
                self.send(200, {"model_file": outer.model})

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

        self._http = Quiet(Answers)
        self.url = self._http.url

    def close(self) -> None:
        self._http.close()


class FakeRasa(Server):
    """Answers 「答え:…」, or misbehaves as told. What is only to be parsed is taken for what ``parses`` says,
    with ``intent`` and ``entities``; else for nothing that it knows.
    """

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.asked: list[dict[str, Any]] = []
        self.parses: dict[str, dict[str, Any]] = {}
        self.parsed: list[str] = []
        self.behaviour: Callable[[], tuple[int, Any]] | None = None
        self.seconds = 0.0

    def _answer(self, _: dict[str, str], body: Any) -> tuple[int, Any]:
        parse = "sender" not in body
        with self.lock:
            if parse:
                self.parsed.append(body["text"])
            else:
                self.asked.append(body)
        time.sleep(self.seconds)
        if self.behaviour is not None:
            return self.behaviour()
        if parse:
            return 200, self._parse(body["text"])
        return 200, [{"text": f"答え:{body['message']}"}, {"custom": CUSTOM}]

    def _parse(self, text: str) -> dict[str, Any]:
        known = self.parses.get(text, {})
        intent = known.get("intent", "nlu_fallback")
        ranking = [{"name": intent, "confidence": 0.9}]
        return {
            "text": text, "intent": ranking[0], "intent_ranking": ranking,
            "entities": known.get("entities", []), "questions": [],
        }  # fmt: skip


class FrontEnd(Server):
    """Takes replies, each key once; refuses as told, and all for patients who are gone."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.replies: list[dict[str, Any]] = []
        self.deliveries = 0
        self.refusals: list[int] = []
        self.gone: set[str] = set()

    def _answer(self, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        with self.lock:
            self.deliveries += 1
            if body["conversation"] in self.gone:
                return 410, {}
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


class MailServer:
    """An SMTP server that keeps what it is sent: recipients and text of each mail."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str]] = []
        mails = self.mails

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                people: list[str] = []
                self.say("220 test")
                while line := self.rfile.readline().decode().strip():
                    command = line.upper()
                    if command.startswith("RCPT TO:"):
                        people.append(line[8:].strip("<> "))
                    if command == "DATA":
                        self.say("354 go on")
                        content = b"".join(iter(self.rfile.readline, b".\r\n"))
                        mails.append((people, str(self.text(content))))
                        people = []
                    self.say("221 bye" if command == "QUIT" else "250 ok")
                    if command == "QUIT":
                        return

            def say(self, line: str) -> None:
                self.wfile.write(line.encode() + b"\r\n")

            def text(self, content: bytes) -> str:
                mail = email.message_from_bytes(content, policy=email.policy.default)
                body = mail.get_body()
                return f"{mail['subject']}\n{body.get_content() if body else ''}"

        class Quiet(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"smtp://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
