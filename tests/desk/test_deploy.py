"""deploy/ holds to its schemas and its promises: nothing by tag, nobody root, nothing open, no drift."""

from __future__ import annotations

import ast
import fnmatch
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from core.secret_files import OF_BOT, OF_DESK, SUFFIX, with_files
from desk.environment import SettingsError, read_environment
from tests.desk.containers import DEPLOY, VARIABLE, Dockerfile, compose, filled, kustomized
from tests.desk.running import ROOT

DOCKERFILES = ("bot.Dockerfile", "desk.Dockerfile")
TARGETS = {"bot.Dockerfile": ("actions", "rasa"), "desk.Dockerfile": ("desk", "ops")}
#: Services that do something once.
JOBS = {"migrate", "backup"}
#: Who may reach the internet, and by which network it may be reached.
WAYS_OUT = {"outside": {"desk", "worker"}, "edge": {"proxy"}}
#: Variables of programs that are not ours.
FOREIGN = re.compile("FORWARDED_ALLOW_IPS|POSTGRES_.*|PYTHON.*|PATH|HOME|POD_IP")
#: Where our programs read the environment.
READERS = (
    "desk/environment.py", "core/secret_files.py", "core/japanese.py", "actions/actions.py",
    "tools/*.py",
)  # fmt: skip
#: The oldest Kubernetes that is promised (docs/operations.md), and the newest that the validator knows.
KUBERNETES = ("1.30", kubernetes_validate.latest_version())
DIGEST = re.compile("sha256:[0-9a-f]{64}")


def run(*command: str | Path) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that `make deploy-secrets` makes."""
    folder = tmp_path_factory.mktemp("made") / "secrets"
    said = run(sys.executable, "-m", "tools.deploy_secrets", "--to", folder)
    assert "tls_crt" in said, "what the clinic has to fill in is named"
    return folder


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    """What is laid before Kubernetes."""
    return kustomized(DEPLOY / "kubernetes" / "example")


def of_kind(objects: list[dict[str, Any]], *kinds: str) -> dict[str, dict[str, Any]]:
    return {o["metadata"]["name"]: o for o in objects if o["kind"] in kinds}


def pods(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pods of everything that makes some, by its name."""
    for name, made in of_kind(objects, "Deployment", "Job").items():
        yield name, made["spec"]["template"]
    for name, made in of_kind(objects, "CronJob").items():
        yield name, made["spec"]["jobTemplate"]["spec"]["template"]


def known_variables() -> set[str]:
    """The names of variables that our programs read, as their code has them."""
    names: set[str] = set()
    for path in (path for reader in READERS for path in ROOT.glob(reader)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names |= set(re.findall(r"^[A-Z][A-Z0-9]*_[A-Z0-9_]+$", node.value))
    return names | {name + SUFFIX for name in OF_DESK | OF_BOT}


def unknown(names: Iterator[str] | list[str]) -> list[str]:
    known = known_variables()
    return [name for name in names if name not in known and not FOREIGN.fullmatch(name)]


def test_compose_file_holds_to_the_specification() -> None:
    run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec",
        DEPLOY / "compose.yml")  # fmt: skip


def test_compose_reads_the_file_once_the_settings_are_filled_in(tmp_path: Path) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("no docker-compose on this machine")
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    file = tmp_path / "settings"

    def said(settings: str) -> subprocess.CompletedProcess[str]:
        file.write_text(settings, encoding="utf-8")
        return subprocess.run(
            [program, "--env-file", file, "--file", DEPLOY / "compose.yml", "config"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    missing = said(example)
    assert missing.returncode == 1
    assert "by digest" in missing.stderr
    image = f"registry.example/x@sha256:{'0' * 64}"
    settings = re.sub(r"(?m)^(\w+_IMAGE)=$", rf"\1={image}", example)
    settings = re.sub(r"(?m)^(DESK_HOST|DESK_MAIL_FROM)=$", r"\1=desk.example.jp", settings)
    done = said(settings)
    assert done.returncode == 0, done.stderr
    read = yaml.safe_load(done.stdout)["services"]
    assert read.keys() == compose()["services"].keys()
    assert read["desk"]["environment"]["DESK_HOSTS"] == "desk.example.jp"
    assert {service["image"] for service in read.values()} == {image}


@pytest.mark.parametrize("name", list(compose()["services"]))
def test_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = compose()["services"][name]
    assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:\?.*by digest\}", service["image"])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid"} & service.keys()
    assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys()
    assert service["pids_limit"] <= 256
    assert ("healthcheck" in service) != (name in JOBS)
    for volume in service.get("volumes", []):
        assert volume["type"] == "volume" or volume.get("read_only") or name == "backup"


def test_only_the_proxy_is_reached_from_outside() -> None:
    document = compose()
    services, networks = document["services"], document["networks"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert {name for name, net in networks.items() if not net.get("internal")} == WAYS_OUT.keys()
    for way, those in WAYS_OUT.items():
        assert {name for name, s in services.items() if way in s["networks"]} == those
    beside = {
        n for n, s in services.items() if set(s["networks"]) & set(services["proxy"]["networks"])
    }
    assert beside == {"proxy", "desk"}
    with_actions = {n for n, s in services.items() if set(s["networks"]) & {"bot"}}
    assert with_actions == {"desk", "worker", "rasa-1", "rasa-2", "actions"}


def test_services_wait_for_what_they_need_and_nothing_is_named_that_is_not_there(
    secrets: Path,
) -> None:
    document = compose()
    for service in document["services"].values():
        for other, how in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in JOBS else "service_healthy"
            assert how == {"condition": wanted}
            assert other in document["services"]
        assert set(service["networks"]) <= document["networks"].keys()
        named = {v["source"] for v in service.get("volumes", []) if v["type"] == "volume"}
        assert named <= document.get("volumes", {}).keys()
    used = {name for s in document["services"].values() for name in s.get("secrets", [])}
    assert used == document["secrets"].keys()
    for name, where in document["secrets"].items():
        assert where == {"file": f"./secrets/{name}"}
        assert (secrets / name).exists()
    assert (secrets.stat().st_mode & 0o777) == 0o700


def test_example_of_the_settings_names_every_variable_of_the_compose_file() -> None:
    text = (DEPLOY / "compose.yml").read_text(encoding="utf-8")
    uncommented = re.sub(r"(?m)#.*$", "", text)
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    assert {found[0] for found in VARIABLE.findall(uncommented)} == set(
        re.findall(r"(?m)^([A-Z_]+)=", example)
    ) - {"COMPOSE_PROJECT_NAME"}
    assert "deploy/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8")
    run("git", "check-ignore", "deploy/.env", "deploy/secrets/desk_secret", "deploy/backups/x")


def test_programs_know_every_variable_that_they_are_given(objects: list[dict[str, Any]]) -> None:
    for name, service in compose()["services"].items():
        assert unknown(list(service.get("environment", {}))) == [], name
    for file in DOCKERFILES:
        for target in TARGETS[file]:
            given = set(Dockerfile.read(file).environment(target))
            assert set(unknown(list(given))) <= {"RASA_TELEMETRY_ENABLED"}, target
    for name, pod in pods(objects):
        for container in pod["spec"]["containers"]:
            assert unknown([each["name"] for each in container.get("env", [])]) == [], name
    for settings in of_kind(objects, "ConfigMap").values():
        assert unknown(list(settings["data"])) == []


def settings_of(values: dict[str, str], secrets: Path, clinic: Path) -> dict[str, str]:
    """Variables as in a container, its secrets and its networks those of this machine."""
    changed = {
        name: value.replace("/run/secrets", str(secrets)) for name, value in values.items() if value
    }
    changed |= {"DESK_DATA": str(clinic), "DESK_METRICS": "127.0.0.0/8:9100"}
    return changed


def test_desk_is_given_all_that_production_asks_for(
    objects: list[dict[str, Any]], secrets: Path, clinic: Path
) -> None:
    variables = {"DESK_HOST": "desk.example.jp", "DESK_MAIL_FROM": "desk@example.jp"}
    by_compose = filled(compose()["x-desk-environment"], variables)
    (settings,) = of_kind(objects, "ConfigMap").values()
    for values in (by_compose, settings["data"]):
        given = settings_of(values, secrets, clinic)
        environment = read_environment(given)
        assert environment.production and environment.require_approval
        assert environment.hosts == ("desk.example.jp",)
        assert environment.internal_hosts == ("desk", "localhost")
        assert environment.database.startswith("postgresql://desk:")
        assert environment.broker.startswith("redis://:")
        assert len(environment.api_tokens[0]) >= 40
        without = {name: value for name, value in given.items() if name != "DESK_SECRET_FILE"}
        with pytest.raises(SettingsError, match="DESK_SECRET"):
            read_environment(without)
    actions = compose()["services"]["actions"]["environment"]
    token = with_files(settings_of(actions, secrets, clinic))["KNOWLEDGE_TOKEN"]
    assert token in environment.api_tokens, "the action server's token is one that the desk knows"


@pytest.mark.parametrize("name", DOCKERFILES)
def test_image_is_made_of_what_is_pinned_and_leaves_its_tools_behind(name: str) -> None:
    run(Path(sys.executable).with_name("hadolint"), DEPLOY / name)
    file = Dockerfile.read(name)
    assert all("=" not in argument for argument in file.arguments), "no image by default"
    for stage in file.stages.values():
        argument = re.fullmatch(r"\$\{([A-Z0-9_]+)\}", stage.base)
        assert stage.base in file.stages or (argument and argument[1] in file.arguments)
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert len(re.findall("--require-hashes", text)) == 2
    for target in TARGETS[name]:
        chain = file.chain(target)
        assert [rest for word, rest in chain if word == "USER"][-1] == "10001:10001"
        assert not any("requirements" in rest or " npm " in rest for _, rest in chain)
        assert any("pip uninstall" in rest for word, rest in chain if word == "RUN")
        # With the data: where nothing is kept, each process learns for a minute before it answers anybody.
        after = chain[chain.index(("COPY", "${DATA} data")) + 1 :]
        assert any("tools.screen" in rest for word, rest in after if word == "RUN")
        place = file.environment(target)["DESK_READY"].removesuffix("/patient-desk")
        assert any(f"XDG_CACHE_HOME={place} " in rest for _, rest in after)


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_is_copied_is_there_and_nothing_else_is_sent(name: str) -> None:
    lines = (DEPLOY / f"{name}.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    allowed = [rule[1:] for rule in rules if rule.startswith("!")]
    file = Dockerfile.read(name)
    for stage in file.stages:
        for other, sources, _ in file.copies(stage):
            for source in [] if other or sources == ["${DATA}"] else sources:
                assert (ROOT / source).exists(), source
                parts = [source, *map(str, Path(source).parents)]
                assert any(fnmatch.fnmatch(part, rule) for part in parts for rule in allowed), (
                    source
                )


def modules_of(commands: Iterable[str]) -> set[str]:
    """The modules that commands run: ``python -m a.b``, also as the list of a manifest."""
    text = "\n".join(commands)
    return set(re.findall(r"""python["']?,?\s+["']?-m["']?,?\s+["']?([a-z_.]+)""", text))


def file_of(module: str) -> Path | None:
    """The file of a module of ours, in the project; None if it is not ours."""
    path = Path(*module.split("."))
    for file in (path.with_suffix(".py"), path / "__main__.py", path / "__init__.py"):
        if (ROOT / file).exists():
            return file
    return None


def needed_by(file: Path) -> Iterator[Path]:
    """The files of ours that a file imports or runs, wherever in it."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.List):
            names = re.findall(r"sys\.executable, '-m', '([a-z_.]+)'", ast.unparse(node))
        yield from filter(None, map(file_of, names))


@pytest.mark.parametrize(
    "image", [*TARGETS["bot.Dockerfile"], "trained", *TARGETS["desk.Dockerfile"]]
)
def test_image_contains_every_module_that_its_commands_import(image: str) -> None:
    name = next(each for each in DOCKERFILES if image in Dockerfile.read(each).stages)
    file = Dockerfile.read(name)
    copied = {Path(one) for stage, those, _ in file.copies(image) if not stage for one in those}
    variable = f"{image.upper()}_IMAGE"
    services = [s for s in compose()["services"].values() if variable in s["image"]]
    commands = [rest for word, rest in file.chain(image) if word in {"RUN", "CMD"}]
    commands += [
        yaml.safe_dump(s.get(key, ""), default_flow_style=True)
        for s in services
        for key in ("command", "healthcheck")
    ]
    to_read = [found for module in modules_of(commands) if (found := file_of(module))]
    # What frameworks find by themselves: Django its apps, Rasa its components, channel and actions.
    of_frameworks = {"desk", "actions", "nlu", "channels"} & set(map(str, copied))
    to_read += [p.relative_to(ROOT) for own in of_frameworks for p in (ROOT / own).rglob("*.py")]
    assert to_read
    seen: set[Path] = set()
    while to_read:
        each = to_read.pop()
        if each not in seen:
            seen.add(each)
            to_read += needed_by(each)
    assert [str(each) for each in sorted(seen) if not {each, *each.parents} & copied] == []


@pytest.mark.parametrize("version", KUBERNETES)
def test_manifests_hold_to_the_schemas(objects: list[dict[str, Any]], version: str) -> None:
    for made in objects:
        kubernetes_validate.validate(made, version, strict=True)


def test_pods_have_no_more_rights_than_they_need(
    objects: list[dict[str, Any]], secrets: Path
) -> None:
    accounts = of_kind(objects, "ServiceAccount")
    assert all(account["automountServiceAccountToken"] is False for account in accounts.values())
    (namespace,) = of_kind(objects, "Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for name, pod in pods(objects):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["serviceAccountName"] in accounts
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        for container in spec["containers"]:
            assert DIGEST.fullmatch(container["image"].partition("@")[2]), container["image"]
            rights = container["securityContext"]
            assert rights == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }  # fmt: skip
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
            for each in container.get("env", []):
                if each["name"].endswith(SUFFIX):
                    assert (secrets / Path(each["value"]).name).exists()


def test_each_deployment_is_watched_scaled_and_kept_through_disruptions(
    objects: list[dict[str, Any]],
) -> None:
    deployments = of_kind(objects, "Deployment")
    assert deployments.keys() == {"desk", "worker", "rasa", "actions"}
    budgets, scalers = (
        of_kind(objects, "PodDisruptionBudget"),
        of_kind(objects, "HorizontalPodAutoscaler"),
    )
    assert deployments.keys() == budgets.keys() == scalers.keys()
    for name, made in deployments.items():
        spec, pod = made["spec"], made["spec"]["template"]
        assert "replicas" not in spec, "the autoscaler's"
        assert scalers[name]["spec"]["scaleTargetRef"]["name"] == name
        assert scalers[name]["spec"]["minReplicas"] >= 2
        selected = budgets[name]["spec"]["selector"]["matchLabels"]
        assert selected.items() <= pod["metadata"]["labels"].items()
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        (container,) = pod["spec"]["containers"]
        assert {"startupProbe", "livenessProbe"} <= container.keys()
        assert "readinessProbe" in container or name == "worker"
    for name in ("worker", "rasa"):
        metrics = scalers[name]["spec"]["metrics"]
        named = [m["external"]["metric"]["name"] for m in metrics if m["type"] == "External"]
        assert named == ["desk_messages_waiting"]
    assert f'"{named[0]}"' in (ROOT / "desk" / "standing.py").read_text(encoding="utf-8")


def test_nobody_is_reached_but_by_a_policy(objects: list[dict[str, Any]]) -> None:
    policies = of_kind(objects, "NetworkPolicy")
    assert policies["nothing"]["spec"] == {
        "podSelector": {}, "policyTypes": ["Ingress", "Egress"]
    }  # fmt: skip
    open_to_all = [
        (name, rule)
        for name, policy in policies.items()
        for rule in policy["spec"].get("ingress", [])
        if "from" not in rule
    ]
    assert open_to_all == []
    (rasa,) = policies["rasa"]["spec"]["ingress"]
    values = rasa["from"][0]["podSelector"]["matchExpressions"][0]["values"]
    assert values == ["desk", "worker"]
    (actions,) = policies["actions"]["spec"]["ingress"]
    assert actions["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "rasa"}}}]
