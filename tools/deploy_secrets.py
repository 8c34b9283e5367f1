"""Makes the secrets of deploy/compose.yml that are not there yet (``make deploy-secrets``).

Each is a file of deploy/secrets/, which nobody but its owner can enter; what is given to containers is the
file, which any user can read there. What only the clinic has is left empty: certificate, LINE, mail.
"""

from __future__ import annotations

import argparse
import base64
import secrets
import sys
from pathlib import Path

from core.locale import sentence
from tools.places import ROOT

FOLDER = ROOT / "deploy" / "secrets"
#: What the clinic fills in itself, as far as it has it.
OWN = ("desk_mail", "desk_secret_fallbacks", "line_channel_secrets", "tls_crt", "tls_key")


def main() -> int:
    """Writes them, and says what is still to be filled in."""
    parser = argparse.ArgumentParser(prog="make deploy-secrets", description=__doc__)
    parser.add_argument("--to", type=Path, default=FOLDER, help="folder (default: %(default)s)")
    parser.add_argument(
        "--postgres", default="postgres:5432", help="its host and port (%(default)s)"
    )
    parser.add_argument("--redis", default="redis:6379", help="its host and port (%(default)s)")
    arguments = parser.parse_args()
    folder: Path = arguments.to
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    made = [
        name for name, value in _made(folder, arguments).items() if _write(folder / name, value)
    ]
    print(sentence("tools.secrets_made", folder=folder, names="、".join(made) or "-"))
    print(sentence("tools.secrets_own", names="、".join(_empty(folder)) or "-"))
    return 0


def _made(folder: Path, arguments: argparse.Namespace) -> dict[str, str]:
    """All secrets; those that must agree with one that is there already do."""

    def kept(name: str) -> str:
        path = folder / name
        return (
            path.read_text(encoding="utf-8").strip() if path.exists() else secrets.token_urlsafe(48)
        )

    desk, rasa, redis = kept("postgres_password"), kept("rasa_db_password"), kept("redis_password")
    token = kept("knowledge_token")
    return {
        "desk_secret": secrets.token_urlsafe(48),
        "desk_keys": f"k1:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        "knowledge_token": token,
        "desk_api_tokens": token,
        "postgres_password": desk,
        "database_url": f"postgresql://desk:{desk}@{arguments.postgres}/desk",
        "rasa_db_password": rasa,
        "rasa_tracker_db": f"postgresql://rasa:{rasa}@{arguments.postgres}/rasa",
        "redis_password": redis,
        "redis_conf": f'requirepass {redis}\nsave ""\nmaxmemory 200mb\nmaxmemory-policy noeviction',
        "desk_broker": f"redis://:{redis}@{arguments.redis}/0",
        **dict.fromkeys(OWN, ""),
    }


def _write(path: Path, value: str) -> bool:
    """Writes a file unless it is there; whether it was written with something in it."""
    if path.exists():
        return False
    path.write_text(f"{value}\n" if value else "", encoding="utf-8")
    path.chmod(0o644)
    return bool(value)


def _empty(folder: Path) -> list[str]:
    return [name for name in OWN if not (folder / name).read_text(encoding="utf-8").strip()]


if __name__ == "__main__":
    sys.exit(main())
