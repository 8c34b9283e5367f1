"""Stands for the bot's environment: ``rasa train``, ``rasa run``, and the measuring of models.

``make`` puts it into a folder; the file ``behaviour`` there says how it does (``ok``, ``fails``, ``hangs``,
``worse``).
"""

from __future__ import annotations

import io
import itertools
import json
import stat
import sys
import tarfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FIGURES = {"accuracy": 0.94, "macro_f1": 0.93, "wrong": 0.013, "deferred": 0.1, "decided": 0.87}
CUSTOM = {
    "status": "answered", "answers": [], "triage": "info", "rule": None, "escalate": False,
    "reason": None,
}  # fmt: skip


def make(folder: Path, behaviour: str = "ok") -> Path:
    """An environment in a folder."""
    (folder / "bin").mkdir(parents=True)
    behave(folder, behaviour)
    for name in ("rasa", "python"):
        script = folder / "bin" / name
        script.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{folder}" {name} "$@"\n',
            encoding="utf-8",
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder


def sets(folder: Path) -> Path:
    """Sets for the gate, a few cases of the small drug."""
    files = {
        "safety/sentences.csv": "rule,kind,expected,text\nx,having,emergency,唇が腫れて息が苦しい\n",
        "safety/conversations.yml": (
            "- name: 急に\n  turns:\n"
            "    - {text: お酒は飲めますか, expected: calm, rule: ''}\n"
            "    - {text: 唇が腫れて息が苦しい, expected: emergency, rule: x}\n"
        ),
        "nlu/frozen.csv": "text,topic,style\nお酒は飲めますか,alcohol,polite\n",
        "conversations/sake.yml": (
            "- 会話: お酒\n  流れ:\n    - 患者: お酒は飲めますか\n      ボット: {話題: alcohol}\n"
        ),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def a_model(name: str) -> bytes:
    """The file of a model that knows no words."""
    metadata = {"rasa_open_source_version": "3.6.21", "core_target": "rules", "name": name}
    content = json.dumps(metadata).encode()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo("metadata.json")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def behave(folder: Path, behaviour: str) -> None:
    (folder / "behaviour").write_text(behaviour, encoding="utf-8")


def main(folder: Path, program: str, *arguments: str) -> int:
    behaviour = (folder / "behaviour").read_text(encoding="utf-8")
    given = dict(itertools.pairwise(arguments))
    if program == "python":
        return measure(Path(given["--to"]), behaviour, arguments)
    if arguments[0] == "train":
        return train(folder, given, behaviour, arguments)
    return serve(int(given["--port"]), Path(given["--model"]).name)


def train(folder: Path, given: dict[str, str], behaviour: str, arguments: tuple[str, ...]) -> int:
    (folder / "trained_with").write_text(json.dumps(arguments), encoding="utf-8")
    print("INFO  rasa - Starting to train component 'SudachiTokenizer'.", flush=True)
    print("INFO  rasa - Starting to train component 'DIETClassifier'.", flush=True)
    for epoch in range(1, 3):
        print(f"\rEpochs:  {50 * epoch}%|████  | {epoch}/2 [00:01]", end="", flush=True)
        time.sleep(0.3)
    if behaviour == "hangs":
        time.sleep(600)
    if behaviour == "fails":
        print("\nInvalidDomain: 「x」という意図がありません", file=sys.stderr, flush=True)
        return 3
    model = Path(given["--out"]) / f"{given['--fixed-model-name']}.tar.gz"
    model.write_bytes(a_model(str(time.time())))
    print(f"\nYour Rasa model is trained and saved at '{model}'.", flush=True)
    return 0


def measure(to: Path, behaviour: str, arguments: tuple[str, ...]) -> int:
    figures: dict[str, Any] = {}
    for name in (a.partition("=")[0] for a in arguments if "=" in a):
        figures[name] = {**FIGURES, "name": name, "sentences": 755}
    if behaviour == "worse":
        figures["candidate"]["accuracy"] = 0.92
    to.write_text(json.dumps(figures), encoding="utf-8")
    return 0


def serve(port: int, model: str) -> int:
    trackers: dict[str, list[Any]] = {}
    state = {"model": model}

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def body(self) -> Any:
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

        def say(self, content: Any, status: int = 200) -> None:
            sent = b"" if status == 204 else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def do_GET(self) -> None:
            if self.path == "/status":
                return self.say({"model_file": f"/models/{state['model']}"})
            return self.say({"events": trackers.get(self.path.split("/")[2], [])})

        def do_PUT(self) -> None:
            if self.path == "/model":
                state["model"] = Path(self.body()["model_file"]).name
                trackers.clear()
                return self.say(None, 204)
            trackers[self.path.split("/")[2]] = self.body()
            return self.say({})

        def do_POST(self) -> None:
            body = self.body()
            if self.path.startswith("/model/parse"):
                intent = {"name": "alcohol", "confidence": 0.99}
                parsed = {"text": body["text"], "intent": intent, "intent_ranking": [intent]}
                return self.say({**parsed, "entities": []})
            known = trackers.setdefault(body["sender"], [])
            known.append({"event": "user", "text": body["message"], "timestamp": time.time()})
            said = f"{len(known)}通目（{state['model']}）"
            return self.say([{"text": said}, {"custom": CUSTOM}])

    ThreadingHTTPServer(("127.0.0.1", port), Answers).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
