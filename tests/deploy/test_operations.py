"""Each command of docs/operations.md is carried out, as far as that can be without Docker, systemd and a cluster.

What only those understand (`docker`, `systemctl`, `kubectl`, and what changes users) is noted by a stand-in; then what
it was told is compared with the files of deploy/. PostgreSQL's commands run in tests/integration/store/test_backups.py.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import settings
from tests.conftest import CONFIG
from tests.processes import free_port, started

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
STANDS_IN = (
    "docker",
    "kubectl",
    "systemctl",
    "useradd",
    "chown",
    "pg_dump",
    "dropdb",
    "createdb",
    "pg_restore",
    "curl",
)
ELSEWHERE = ("python3 -m venv", "/opt/greenroom/bin/pip")
"""Carried out in `test_image.py`."""


def blocks() -> dict[str, list[str]]:
    """Heading -> the command blocks below it."""
    parts = re.split(r"(?m)^## (.*)$", PAGE)
    return {
        heading: re.findall(r"```sh\n(.*?)```", body, re.DOTALL)
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }


class Shell:
    """Runs blocks of the page in a folder as a person would, from a repository of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = folder / "greenroom"
        shutil.copytree(DEPLOY, self.repository / "deploy", ignore=shutil.ignore_patterns("secrets", "templates"))
        tools = folder / "tools"
        tools.mkdir()
        for name in STANDS_IN:
            (tools / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$(basename "$0") $*" >> {folder}/told\n')
            (tools / name).chmod(0o755)
        self.environ = {
            "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GREENROOM_WEB_TOKEN": "a-token-of-the-tests",
            "HOME": str(folder),
        }

    def run(self, block: str, *, within: str = "") -> None:
        """Every line must succeed."""
        lines = [line for line in block.splitlines() if not line.startswith(ELSEWHERE)]
        done = subprocess.run(
            ["/bin/bash", "-euc", "\n".join(self.moved(line) for line in lines)],
            cwd=self.repository / within,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def moved(self, line: str) -> str:
        """A line whose places of the system are in the folder."""
        line = line.replace("/opt/greenroom/bin/greenroom", "greenroom")
        return re.sub(r"(?<![\w.])/(etc|var/lib)/", rf"{self.folder}/\1/", line)

    @property
    def told(self) -> list[list[str]]:
        """What the stand-ins were told."""
        return [shlex.split(line) for line in (self.folder / "told").read_text("utf-8").splitlines()]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


def test_each_block_is_known_here() -> None:
    known = {"With compose": 1, "With systemd": 1, "With Kubernetes": 1, "Back up": 5, "Many communities": 1}
    assert {heading: len(found) for heading, found in blocks().items() if found} == known


def test_with_compose(shell: Shell) -> None:
    shell.run(blocks()["With compose"][0], within="deploy")
    here = shell.repository / "deploy"
    compose: dict[str, Any] = yaml.safe_load((here / "compose.yaml").read_text("utf-8"))
    for secret in compose["secrets"].values():
        assert mode(here / secret["file"]) == "600"
    password = (here / "secrets/db_password").read_text().strip()
    assert len(password) == 64
    assert (here / "secrets/pgpass").read_text() == f"db:5432:greenroom:greenroom:{password}\n"
    for service in compose["services"].values():
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert (here / source).exists() if source.startswith(".") else source in compose["volumes"], volume
    assert ["chown", "10001", "secrets/web_token", "secrets/pgpass"] in shell.told
    assert ["docker", "compose", "exec", "greenroom", "greenroom", "link", "manager"] in shell.told
    found = settings.load(here / "config.yaml", {"GREENROOM_WEB_TOKEN_FILE": str(here / "secrets/web_token")})
    assert "manager" in found.managers


def test_with_systemd(shell: Shell) -> None:
    (shell.folder / "etc/systemd/system").mkdir(parents=True)
    (shell.folder / "var/lib").mkdir(parents=True)
    shell.run(blocks()["With systemd"][0])
    unit = (shell.folder / "etc/systemd/system/greenroom.service").read_text("utf-8")
    named = re.search(r"(?m)^Environment=GREENROOM_CONFIG=(\S+)", unit)
    secret = re.search(r"(?m)^LoadCredential=\w+:(\S+)", unit)
    user = re.search(r"(?m)^User=(\w+)", unit)
    assert named
    assert secret
    assert user
    settings.load(Path(shell.moved(named[1])), {})
    assert mode(Path(shell.moved(secret[1]))) == "600"
    assert any(told[0] == "useradd" and told[-1] == user[1] for told in shell.told)
    assert ["systemctl", "enable", "--now", "greenroom"] in shell.told


def test_with_kubernetes(shell: Shell) -> None:
    shutil.copytree(ROOT / "templates", shell.folder / "greenroom/my-community/templates")
    shell.run(blocks()["With Kubernetes"][0], within="deploy")
    here = shell.repository / "deploy"
    made = {told[-3]: here / told[-1] for told in shell.told if told[1:2] == ["create"]}
    keys = {
        name: {file.name for file in source.iterdir()} if source.is_dir() else {source.name}
        for name, source in made.items()
    }
    for told in shell.told:
        if told[1:2] == ["apply"]:
            assert (here / told[-1]).is_file()
    assert (here / "templates.tar.gz").stat().st_size < 1_000_000, "a ConfigMap takes 1 MiB"
    (shell.folder / "unpacked").mkdir()
    resources = [one for path in (here / "kubernetes").glob("*.yaml") for one in yaml.safe_load_all(path.read_text())]
    for one in resources:
        if one["kind"] == "Deployment":
            check_sources(one["spec"]["template"]["spec"], keys)
    unpack = ["python", "-m", "tarfile", "--extract", here / "templates.tar.gz", shell.folder / "unpacked"]
    subprocess.run([sys.executable, *unpack[1:]], check=True, timeout=60)
    assert (shell.folder / "unpacked/templates/facts.yaml").is_file()


def check_sources(pod: dict[str, Any], keys: dict[str, set[str]]) -> None:
    """What a pod takes from ConfigMaps and Secrets was made by the commands, which made these keys."""
    sources = {
        volume["name"]: volume.get("configMap", {}).get("name") or volume.get("secret", {}).get("secretName")
        for volume in pod["volumes"]
    }
    assert {source for source in sources.values() if source} == keys.keys()
    container = pod["containers"][0]
    for mount in container["volumeMounts"]:
        if (source := sources[mount["name"]]) and "subPath" in mount:
            assert mount["subPath"] in keys[source]
    folder = next(m["mountPath"] for m in container["volumeMounts"] if m["name"] == "secrets")
    for variable in container["env"]:
        if "value" in variable:
            assert variable["value"].startswith(f"{folder}/")
            assert variable["value"].removeprefix(f"{folder}/") in keys["greenroom"]
        else:
            wanted = variable["valueFrom"]["secretKeyRef"]
            assert wanted["key"] in keys[wanted["name"]]


def test_many_communities(shell: Shell) -> None:
    *begins, runs = blocks()["Many communities"][0].splitlines()
    shell.run("\n".join(begins))
    config = shell.repository / "communities/lamp/config.yaml"
    assert settings.load(config, {}).key == "lamp"
    config.write_text(config.read_text("utf-8").replace(":8765", f":{free_port()}"), encoding="utf-8")
    with started(
        shlex.split(runs),
        cwd=shell.repository,
        env=shell.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        assert "Greenroom is running" in process.stdout.readline()
        process.terminate()
    assert process.returncode == 0


def test_back_up_and_go_back(shell: Shell) -> None:
    """SQLite's commands for real, with a database in the folder."""
    shell.repository.joinpath("config.yaml").write_text(CONFIG, encoding="utf-8")
    shutil.copytree(ROOT / "templates", shell.repository / "templates")
    shell.run("greenroom db upgrade")
    ours = [block for block in blocks()["Back up"] if "restored" not in block]
    for block in ours:
        shell.run(block)
    assert (shell.repository / "saved.db").is_file()
    assert (shell.repository / "var/greenroom.db.before-restore").is_file()
    asked = next(told for told in shell.told if told[0] == "curl")
    assert asked[-1].startswith("http://127.0.0.1:8765/api/fans/")
    assert asked[asked.index("--request") + 1] == "DELETE"
