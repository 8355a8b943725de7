"""The files of deploy/ before the tools and schemas that others wrote for them, and what the pages promise of them.

hadolint reads the Dockerfile, the schema of compose-spec.io the compose file, those of Kubernetes its manifests. What
Caddy and systemd say of their files, and whether the image's steps work, is in `test_tools.py` and `test_image.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from bot import settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
USER = 10001
"""The number of Greenroom's user in its image."""
VERSIONS = ("1.30", "1.37")
"""Of Kubernetes: an old one that is still met, and the newest."""


def read(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text("utf-8")))


RESOURCES = [(path.name, one) for path in MANIFESTS for one in read(path)]
COMPOSE: dict[str, Any] = read(DEPLOY / "compose.yaml")[0]


DEPLOYMENTS = {name: one["spec"] for name, one in RESOURCES if one["kind"] == "Deployment"}
PODS: list[tuple[str, dict[str, Any]]] = [(name, one["template"]["spec"]) for name, one in DEPLOYMENTS.items()]


def test_hadolint_finds_nothing() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def compose_errors(document: object) -> list[str]:
    schema = json.loads(
        (resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
    )
    return [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(document)]


def test_the_compose_file_fits_its_schema() -> None:
    assert compose_errors(COMPOSE) == []
    assert compose_errors({**COMPOSE, "servces": {}}), "the schema is one"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("name", "resource"), RESOURCES, ids=[f"{n}-{r['kind']}" for n, r in RESOURCES])
def test_a_manifest_fits_its_schema(name: str, resource: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize(("name", "pod"), PODS, ids=[name for name, _ in PODS])
def test_a_pod_may_run_where_only_restricted_ones_do(name: str, pod: dict[str, Any]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    held = pod["securityContext"]
    assert held["runAsNonRoot"] is True
    assert (held["runAsUser"], held["fsGroup"]) == (USER, USER)
    assert held["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"].keys() == {"requests", "limits"}
        names = {volume["name"] for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= names
    assert all(next(iter(volume.keys() - {"name"})) in ALLOWED_VOLUMES for volume in pod["volumes"])


ALLOWED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "secret"}


@pytest.mark.parametrize(("name", "pod"), PODS, ids=[name for name, _ in PODS])
def test_no_probe_takes_the_console_away_when_a_platform_is_away(name: str, pod: dict[str, Any]) -> None:
    probes = [pod["containers"][0][f"{kind}Probe"]["httpGet"] for kind in ("startup", "readiness", "liveness")]
    assert {probe["path"] for probe in probes} == {"/healthz"}


def test_only_postgresql_has_two_pods() -> None:
    alone, two = DEPLOYMENTS["sqlite.yaml"], DEPLOYMENTS["postgresql.yaml"]
    assert (alone["replicas"], alone["strategy"]) == (1, {"type": "Recreate"})
    assert two["replicas"] == 2
    mounts = two["template"]["spec"]["containers"][0]["volumeMounts"]
    shared = next(mount for mount in mounts if mount["mountPath"].endswith("/var/web_secret"))
    assert shared["readOnly"], "both pods sign with the same secret, or a session of one is unknown to the other"


def test_the_two_deployments_differ_where_they_must() -> None:
    one, two = (dict(pod) for _, pod in PODS)
    for pod in (one, two):
        pod.pop("topologySpreadConstraints", None)
        pod["volumes"] = [volume for volume in pod["volumes"] if volume["name"] not in {"var", "web-secret"}]
        container = dict(pod["containers"][0])
        container["env"] = [e for e in container["env"] if e["name"] != "PGPASSWORD"]
        container["volumeMounts"] = [m for m in container["volumeMounts"] if m["name"] != "web-secret"]
        pod["containers"] = [container]
    assert one == two


def test_compose_holds_greenroom_and_caddy_short() -> None:
    for name in ("greenroom", "caddy"):
        service = COMPOSE["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in COMPOSE["services"]["greenroom"]
    assert COMPOSE["services"]["db"]["networks"] == ["back"]
    assert COMPOSE["networks"]["back"]["internal"] is True


def test_no_file_holds_a_secret() -> None:
    """Secrets come from files that are named, and whose folder git does not take in."""
    for path in (*MANIFESTS, DEPLOY / "compose.yaml", DEPLOY / "config.yaml", DEPLOY / "Dockerfile"):
        for name, value in re.findall(
            r"(\w*(?:TOKEN|PASSWORD|SECRET)\w*)\s*[=:,]\s*(?:value:)?\s*(\S+)", path.read_text("utf-8")
        ):
            assert name.endswith("_FILE"), (path.name, name)
            assert value.startswith("/run/secrets/"), (path.name, value)
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "/deploy/secrets/" in ignored


def test_the_config_is_one(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a token")
    found = settings.load(DEPLOY / "config.yaml", {"GREENROOM_WEB_TOKEN_FILE": str(tmp_path / "token")})
    assert found.web.port == 8765
    host = found.web.public_url.removeprefix("https://") if found.web.public_url else ""
    assert host in COMPOSE["services"]["caddy"]["environment"]["GREENROOM_HOST"]
    assert f"{{$GREENROOM_HOST:{host}}}" in (DEPLOY / "Caddyfile").read_text("utf-8")


def test_the_config_fits_the_compose_file() -> None:
    text = (DEPLOY / "config.yaml").read_text("utf-8")
    host = re.findall(r"postgresql://greenroom@(\w+)/greenroom", text)
    assert host
    assert set(host) <= COMPOSE["services"].keys()


def test_the_image_takes_in_what_the_package_is_made_of() -> None:
    taken = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
    }
    assert taken == {
        *("bot", "responders", "templates", "config.yaml"),
        *("constraints.txt", "pyproject.toml", "LICENSE", "NOTICE", "README.md"),
    }
