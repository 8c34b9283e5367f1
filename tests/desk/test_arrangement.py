"""The arrangement of deploy/compose.yml, run: its commands, environment and user, on read-only images."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.secret_files import OF_BOT, OF_DESK, SUFFIX
from tests.desk import clinics
from tests.desk.containers import DEPLOY, Container, Dockerfile, compose, filled, lay_out, python_of
from tests.desk.fakes import FakeRasa
from tests.desk.running import ROOT, wait_for
from tests.desk.test_deploy import run
from tools.places import free_ports

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may lay out what a container sees"),
]

HOST = "desk.example.jp"
#: A database of Redis that nothing else uses.
REDIS = os.environ.get("TEST_REDIS_OF_CONTAINERS", "redis://127.0.0.1:6379/10")


@dataclass
class Arrangement:
    """The services of the Compose file on this machine, and what they have beside them."""

    folder: Path
    services: Mapping[str, Any]
    rasa: FakeRasa
    workers_rasa: FakeRasa
    ports: Mapping[str, int]

    def container(self, name: str, image: str, target: str, **changed: str) -> Container:
        """A service, its addresses those of this machine."""
        service = self.services[name]
        packages = image.partition(".")[0]
        environment = {
            **Dockerfile.read(image).environment(target), **service["environment"], **changed
        }  # fmt: skip
        path = environment["PATH"].replace("$PATH", os.environ["PATH"])
        environment = {
            key: re.sub(r"10\.83\.\d+\.0/24", "127.0.0.0/8", value)
            for key, value in environment.items()
            if value
        }
        return Container(
            service, self.folder / packages, python_of(packages), self.folder / "secrets",
            environment | {"PATH": path}, self.folder / f"{name}.log",
        )  # fmt: skip

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def arrangement() -> Iterator[Arrangement]:
    """Images laid out, secrets made, a Rasa each for desk and worker; nothing runs yet."""
    folder = Path(tempfile.mkdtemp(prefix="desk-arrangement-", dir="/var/tmp"))
    folder.chmod(0o755)
    clinic = clinics.copied(folder / "clinic")
    made = {"widget": ROOT / "widget" / "dist", "${DATA}": clinic}
    for image, target in (("desk", "desk"), ("bot", "actions")):
        lay_out(Dockerfile.read(f"{image}.Dockerfile"), target, folder / image, made)
        (folder / image / ".run").mkdir()  # a mount point, which an engine makes by itself
    secrets = folder / "secrets"
    run(sys.executable, "-m", "tools.deploy_secrets", "--to", secrets)
    (secrets / "desk_broker").write_text(REDIS, encoding="utf-8")
    certificate(secrets)
    images = re.findall(r"\$\{([A-Z]+_IMAGE)", str(compose()))
    variables = dict.fromkeys(images, "example@sha256:0")
    variables |= {"DESK_HOST": HOST, "DESK_MAIL_FROM": "desk@example.jp"}
    services = filled(compose(), variables)["services"]
    names = ("desk", "worker", "actions", "http", "https")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    rasa, workers_rasa = FakeRasa(), FakeRasa()
    yield Arrangement(folder, services, rasa, workers_rasa, ports)
    rasa.close()
    workers_rasa.close()
    shutil.rmtree(folder)


def certificate(folder: Path) -> None:
    """A certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    (folder / "tls_crt").write_bytes(made.public_bytes(pem))
    private, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "tls_key").write_bytes(key.private_bytes(pem, private, plain))


@pytest.fixture
def proxy(arrangement: Arrangement) -> Iterator[httpx.Client]:
    """nginx with the configuration of deploy/, and a patient's client of it."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if nginx is None:
        pytest.skip("no nginx on this machine")
    ports, folder = arrangement.ports, arrangement.folder
    text = (DEPLOY / "compose" / "nginx.conf").read_text(encoding="utf-8")
    for there, here in (
        ("/tmp", str(folder)), ("/run/secrets", str(folder / "secrets")),
        ("http://desk:8000", f"http://127.0.0.1:{ports['desk']}"),
        ("8080", f"127.0.0.1:{ports['http']}"), ("8443", f"127.0.0.1:{ports['https']}"),

    ):  # fmt: skip
        assert there in text
        text = text.replace(there, here)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [nginx, "-c", folder / "nginx.conf", "-g", "daemon off;", "-e", "stderr"]
    with (folder / "proxy.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
        # The name is this machine's for TLS and for the desk; nobody is asked for it.
        context = ssl.create_default_context(cafile=folder / "secrets" / "tls_crt")
        with httpx.Client(
            base_url=f"https://127.0.0.1:{ports['https']}", verify=context, trust_env=False,
            headers={"Host": HOST},
        ) as client:  # fmt: skip
            yield client
        server.terminate()
        server.wait(10)


def ask(client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
    return client.request(method, path, extensions={"sni_hostname": HOST}, **more)


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize("empty_database", ["postgresql"], indirect=True)
def test_patient_is_answered_through_the_proxy_by_the_worker(
    empty_database: str, arrangement: Arrangement, proxy: httpx.Client
) -> None:
    (arrangement.folder / "secrets" / "database_url").write_text(empty_database, encoding="utf-8")
    ports, services = arrangement.ports, arrangement.services
    before = listed(arrangement.folder / "desk")
    migrate = arrangement.container("migrate", "desk.Dockerfile", "desk")
    done = migrate.run(services["migrate"]["command"])
    assert done.returncode == 0, done.stderr
    # Nothing but this: no warning, and no SQL.
    logged = [json.loads(line)["message"] for line in done.stderr.splitlines()]
    assert logged == ["table.read_from_files"]
    file = Dockerfile.read("desk.Dockerfile")
    metrics = {name: f"127.0.0.0/8:{free_ports(1)[0]}" for name in ("desk", "worker")}
    desk = arrangement.container(
        "desk", "desk.Dockerfile", "desk",
        RASA_URL=arrangement.rasa.url, DESK_METRICS=metrics["desk"], DESK_PORT=str(ports["desk"]),
    )  # fmt: skip
    worker = arrangement.container(
        "worker", "desk.Dockerfile", "desk",
        RASA_URL=arrangement.workers_rasa.url, DESK_METRICS=metrics["worker"],
    )  # fmt: skip
    command = [str(ports["desk"]) if part == "8000" else part for part in file.command("desk")]
    with desk.running(command) as process, worker.running(services["worker"]["command"]):
        for name, container in (("desk", desk), ("worker", worker)):
            probe = services[name]["healthcheck"]["test"][1:]
            wait_for(lambda c=container, p=probe: c.run(p).returncode == 0, 60)
        check_rights(process.pid)

        token = (arrangement.folder / "secrets" / "knowledge_token").read_text().strip()
        bearer = {"Authorization": f"Bearer {token}"}
        message = {"conversation": "p", "event_id": "1", "text": "お酒は飲めますか"}
        assert ask(proxy, "POST", "/api/messages", json=message, headers=bearer).is_success
        found: dict[str, Any] = {"waiting": True}

        def is_answered() -> bool:
            answer = ask(proxy, "GET", "/api/conversations/p", headers=bearer)
            found.update(answer.raise_for_status().json())
            return not found["waiting"]

        wait_for(is_answered)
        texts = [entry["text"] for entry in found["entries"]]
        assert texts == ["お酒は飲めますか", "答え:お酒は飲めますか"]
        assert len(arrangement.workers_rasa.asked) == 1, "the worker took the turn"
        check_doors(proxy, ports, bearer)
    assert listed(arrangement.folder / "desk") == before
    for name in ("desk", "worker"):
        assert "Traceback" not in arrangement.said(name)


def check_rights(pid: int) -> None:
    """The server runs as nobody in particular, and may nothing."""
    process = psutil.Process(pid)
    assert set(process.uids()) == {10001} == set(process.gids())
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    assert re.findall(r"Cap(?:Prm|Eff|Bnd|Amb):\s*0+\n", status) and "NoNewPrivs:\t1" in status
    assert not re.search(r"Cap(?:Prm|Eff|Bnd|Amb):\s*0*[1-9a-f]", status)
    kept = process.environ()
    assert not [n for n in OF_DESK | OF_BOT if n in kept], "no secret stands in the environment"
    assert f"DESK_SECRET{SUFFIX}" in kept


def check_doors(proxy: httpx.Client, ports: Mapping[str, int], bearer: dict[str, str]) -> None:
    """What is seen from outside, and what by neighbours."""
    page = ask(proxy, "GET", "/")
    assert page.status_code == 200
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert ask(proxy, "GET", "/static/widget/chat.js").status_code == 200
    assert ask(proxy, "GET", "/staff/", follow_redirects=False).status_code == 302
    assert ask(proxy, "GET", "/readyz").status_code == 404
    assert ask(proxy, "GET", "/api/knowledge", headers=bearer).status_code == 404
    assert ask(proxy, "GET", "/", headers={"Host": "localhost"}).status_code == 421
    assert ask(proxy, "GET", "/", headers={"Host": "other.example"}).status_code == 400
    plain = f"http://127.0.0.1:{ports['http']}"
    moved = httpx.get(f"{plain}/", headers={"Host": HOST}, trust_env=False)
    assert (moved.status_code, moved.headers["Location"]) == (308, f"https://{HOST}/")
    assert httpx.get(f"{plain}/proxy", trust_env=False).status_code == 204
    inside = f"http://127.0.0.1:{ports['desk']}"
    names = {"Host": "desk"}
    table = httpx.get(f"{inside}/api/knowledge", headers=names | bearer, trust_env=False)
    assert table.status_code == 200 and "ETag" in table.headers
    assert httpx.get(f"{inside}/api/knowledge", headers=names, trust_env=False).status_code == 401
    other = httpx.get(f"{inside}/api/conversations/p", headers=names | bearer, trust_env=False)
    assert other.status_code == 301, "without TLS nothing else is said"


def test_action_server_runs_from_its_image(arrangement: Arrangement) -> None:
    port = arrangement.ports["actions"]
    actions = arrangement.container(
        "actions", "bot.Dockerfile", "actions",
        ACTIONS_PORT=str(port), KNOWLEDGE_URL="http://127.0.0.1:1/api/knowledge",
    )  # fmt: skip
    probe = arrangement.services["actions"]["healthcheck"]["test"][1:]
    with actions.running(Dockerfile.read("bot.Dockerfile").command("actions")) as process:
        wait_for(lambda: actions.run(probe).returncode == 0, 90)
        check_rights_of_bot(process.pid)
        asked = {"next_action": "action_none", "tracker": {"sender_id": "p"}}
        answer = httpx.post(f"http://127.0.0.1:{port}/webhook", json=asked, trust_env=False)
        assert answer.status_code in (400, 404, 500), (
            "it answers, if only that it knows no such action"
        )


def check_rights_of_bot(pid: int) -> None:
    process = psutil.Process(pid)
    assert set(process.uids()) == {10001}
    assert "KNOWLEDGE_TOKEN" in process.environ()
    assert {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"} == {"127.0.0.1"}


def listed(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime for path in folder.rglob("*")}
