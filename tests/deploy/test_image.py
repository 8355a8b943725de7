"""The image without Docker: the steps of its Dockerfile in a fresh folder, and what they made in a container of ours.

The container is a mount namespace where only `var` and a folder for temporary files can be written. The user is the
image's and has no capabilities. Not tried: the base images, and the steps of the last stage that need them (making the
user, taking pip away).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import free_port, started

pytestmark = pytest.mark.deploy

ROOT = Path(__file__).parents[2]
USER = 10001


def stages() -> list[list[tuple[str, str]]]:
    """Each stage of the Dockerfile as its instructions."""
    text = (ROOT / "deploy/Dockerfile").read_text("utf-8")
    lines = re.sub(r"\\\n\s*", "", "\n".join(one for one in text.splitlines() if not one.startswith("#")))
    found: list[list[tuple[str, str]]] = []
    for line in filter(None, lines.splitlines()):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def last(name: str) -> str:
    """What an instruction of the last stage says."""
    return next(rest for word, rest in reversed(stages()[-1]) if word == name)


def environment() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", last("ENV")))


@dataclass
class Image:
    """What the first stage made. Its absolute paths lie in a folder."""

    folder: Path

    def at(self, path: str) -> Path:
        """Where a path of the image is."""
        return self.folder / path.lstrip("/")

    def moved(self, text: str) -> str:
        """A command or a value with its paths in the folder."""
        return re.sub(r"(?<![\w./-])/(src|wheels|build|opt/greenroom|srv/greenroom)\b", rf"{self.folder}/\1", text)

    def inside(self, command: list[str]) -> list[str]:
        """The command as the container runs it."""
        prefix, home = sys.base_prefix, self.at("srv/greenroom")
        # The interpreter may lie in a home that this user cannot enter; in the image it does not.
        steps = f"""set -eu
            mount --make-rprivate /
            exec 3< {home}/var
            mount --bind {prefix} /mnt
            if [ {prefix} != /usr ]; then
              top=/$(printf %s {prefix} | cut -d / -f 2)
              mount -t tmpfs -o mode=755 tmpfs "$top"; mkdir -p {prefix}; mount --bind /mnt {prefix}
            fi
            for place in $(findmnt --list --noheadings --output TARGET | grep -v -e ^/proc -e ^/dev -e ^/sys); do
              mount -o remount,bind,ro "$place" 2>/dev/null || true
            done
            mount --bind {home}/var {home}/var; mount -o remount,bind,rw {home}/var
            mount -t tmpfs -o mode=1777 tmpfs /var/tmp
            cd {home}
            exec setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs --bounding-set=-all \\
              --inh-caps=-all "$@"
        """
        return ["unshare", "--mount", "--", "sh", "-c", steps, "sh", *command]

    @property
    def environ(self) -> dict[str, str]:
        """What the image sets, what it is told of its secret, and nothing else."""
        own = {name: self.moved(value).replace("$PATH", "/usr/bin:/bin") for name, value in environment().items()}
        return {**own, "TMPDIR": "/var/tmp", "GREENROOM_WEB_TOKEN_FILE": str(self.folder / "web_token")}  # noqa: S108


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    folder = Path(tempfile.mkdtemp(prefix="greenroom-image-"))
    folder.chmod(0o755)
    made = Image(folder)
    try:
        build(made)
        yield made
    finally:
        shutil.rmtree(folder)


def build(image: Image) -> None:
    """Carry out the first stage."""
    subprocess.run([sys.executable, "-m", "venv", image.at("python")], check=True, timeout=120)
    environ = {"PATH": f"{image.at('python/bin')}:/usr/bin:/bin", "HOME": str(image.folder)}
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
    for name in ("src", "wheels", "opt", "srv"):
        image.at(name).mkdir()
    for word, rest in stages()[0]:
        if word == "RUN":
            done = subprocess.run(
                ["/bin/sh", "-ec", image.moved(rest)],
                cwd=image.at("src"),
                env={**kept, **environ},
                capture_output=True,
                text=True,
                timeout=600,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        elif word == "COPY":
            copy(rest.split()[0], image.at("src"))


def copy(what: str, target: Path) -> None:
    """COPY out of the folder that Docker is given."""
    rules = (ROOT / "deploy/Dockerfile.dockerignore").read_text("utf-8").splitlines()
    taken = [rule[1:] for rule in rules if rule.startswith("!")]
    left = [rule.removeprefix("**/") for rule in rules if rule.startswith("**/")]
    for name in taken if what == "." else [what]:
        assert name in taken
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(*left))
        else:
            shutil.copy(ROOT / name, target / name)


@pytest.fixture(scope="module")
def home(image: Image) -> Path:
    """The folder of the program, with `var` for its user as the last stage makes it, and a config and a secret."""
    found = image.at("srv/greenroom")
    steps = next(rest for word, rest in stages()[-1] if word == "RUN")
    made = re.search(r"install -d -o (\d+) -g (\d+) -m (\d+) (\S+)", steps)
    assert made
    assert made[4] == "/srv/greenroom/var"
    (found / "var").mkdir(mode=int(made[3], 8))
    os.chown(found / "var", int(made[1]), int(made[2]))
    config = (ROOT / "deploy/config.yaml").read_text("utf-8")
    config = re.sub(r"(?m)^store: .*", "store: sqlite:///var/greenroom.db", config).replace("8765", str(free_port()))
    (found / "config.yaml").write_text(config, encoding="utf-8")
    secret = image.folder / "web_token"
    secret.write_text("a-secret-of-the-tests\n")
    secret.chmod(0o400)
    os.chown(secret, USER, USER)
    return found


def words(instruction: str) -> list[str]:
    """The words of an instruction in its JSON form."""
    return [str(one) for one in re.findall(r'"([^"]*)"', instruction)]


def test_it_has_no_tools_and_no_tests(image: Image) -> None:
    packages = {one.name.partition("-")[0].lower() for one in image.at("opt/greenroom").rglob("*.dist-info")}
    assert {"greenroom", "psycopg", "onnxruntime"} <= packages
    assert packages.isdisjoint({"pip", "setuptools", "hatchling", "pytest", "playwright", "mypy", "hypothesis"})
    assert not list(image.at("opt/greenroom").rglob("site-packages/tests"))


def test_it_runs_as_its_user_writes_only_var_and_ends_when_told(image: Image, home: Path) -> None:
    assert last("USER") == f"{USER}:{USER}"
    entry, command = words(last("ENTRYPOINT")), words(last("CMD"))
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*") if home / "var" not in path.parents}
    with started(
        image.inside([*entry, *command]),
        env=image.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        assert "Greenroom is running" in process.stdout.readline()
        assert healthy(image) == (0, "Greenroom is ready.\n")
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    after = {path: path.stat().st_mtime_ns for path in home.rglob("*") if home / "var" not in path.parents}
    del before[home / "var"], after[home / "var"]
    assert after == before
    assert (home / "var/greenroom.db").stat().st_uid == USER
    assert healthy(image)[0] == 1, "it has ended"


def healthy(image: Image) -> tuple[int, str]:
    """What the health check of the image says."""
    check = words(last("HEALTHCHECK").partition("CMD")[2])
    done = subprocess.run(
        image.inside(check), env=image.environ, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_place_outside_var_cannot_be_written(image: Image, home: Path) -> None:
    for place in (home, image.at("opt/greenroom"), home / "templates", Path("/etc"), Path("/usr")):
        command = image.inside(["sh", "-c", f"touch {shlex.quote(str(place))}/written"])
        done = subprocess.run(command, env=image.environ, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode != 0, place
        assert not (place / "written").exists()
    subprocess.run(image.inside(["touch", f"{home}/var/written"]), env=image.environ, timeout=60, check=True)
