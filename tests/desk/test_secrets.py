"""What must not stand in the repository: secrets, and what only one machine knows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from detect_secrets.core.scan import scan_line
from detect_secrets.settings import transient_settings

from tools.places import ROOT

#: Of detect-secrets those that know a secret by its form. The others guess by a word beside it or by how
#: random it looks, which every test and every hash-pinned requirement does.
PLUGINS = (
    "AWSKeyDetector", "ArtifactoryDetector", "AzureStorageKeyDetector", "BasicAuthDetector",
    "CloudantDetector", "DiscordBotTokenDetector", "GitHubTokenDetector", "GitLabTokenDetector",
    "IbmCloudIamDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector", "OpenAIDetector",
    "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
#: Looked at and no secret, by file: what it is taken for.
KNOWN = {
    ".ci/run": {"Basic Auth Credentials"},
    # Examples of addresses, one that is looked for in what is printed, and the guest that RabbitMQ lets in
    # from its own machine only.
    "core/locale/ja.yml": {"Basic Auth Credentials"},
    "docs/operations.md": {"Basic Auth Credentials"},
    "tests/desk/test_backup.py": {"Basic Auth Credentials"},
    "tests/desk/test_celery.py": {"Basic Auth Credentials"},
}
#: Folders, registries and tokens of the machines that this was written on.
OF_A_MACHINE = re.compile(
    r"/(?:root|home/[a-z]+|work|opt/(?:pypi|wheels))/|(?:index-url|find-links|registry)\s*[=:]\s*\S*://"
    r"|\"resolved\": \"(?!https://registry\.npmjs\.org/)"
)
#: Addresses of networks inside a house: which of them a test or a document names as an example.
PRIVATE = re.compile(
    r"(?<![\d.])(?:10\.\d{1,3}|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}(?![\d.])"
)
EXAMPLES = {
    "10.0.0.0", "10.1.2.3", "172.16.0.0", "192.168.0.0", "192.168.0.10", "172.31.0.1",
    # The networks of deploy/.
    "10.20.0.0", "10.83.1.0", "10.83.1.5", "10.83.2.0", "10.83.4.0", "10.83.4.1",
    "10.83.4.255", "10.254.254.0",
}  # fmt: skip


def texts() -> dict[str, str]:
    """Every text of the repository, by path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b"\0"
        if b"\0" not in content:
            found[name] = content.decode("utf-8")
    return found


def secrets_in(content: str) -> set[str]:
    """What detect-secrets takes parts of a text for."""
    with transient_settings({"plugins_used": [{"name": name} for name in PLUGINS]}):
        return {found.type for found in scan_line(content)}


def test_what_looks_for_secrets_finds_them() -> None:
    key = "-----BEGIN " + "RSA PRIVATE KEY-----"
    token = "ghp_" + "a1B2" * 9
    assert secrets_in(f"x\n{key}\ntoken = '{token}'\n") == {"Private Key", "GitHub Token"}


def test_no_secret_stands_in_the_repository() -> None:
    found = {
        name: kinds
        for name, content in texts().items()
        # Hashes only, thousands of them.
        if Path(name).suffix != ".csv" and not name.startswith("requirements/")
        if (kinds := secrets_in(content) - KNOWN.get(name, set()))
    }
    assert found == {}


def test_nothing_of_one_machine_stands_in_the_repository() -> None:
    found = {
        f"{name}: {match.group()}"
        for name, content in texts().items()
        if name != "tests/desk/test_secrets.py"
        for match in OF_A_MACHINE.finditer(content)
    }
    assert found == set()


def test_addresses_inside_a_house_are_examples() -> None:
    found = {
        f"{name}: {match.group()}"
        for name, content in texts().items()
        for match in PRIVATE.finditer(content)
        if match.group() not in EXAMPLES
    }
    assert found == set()
