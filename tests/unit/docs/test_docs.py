"""What the docs promise is there: files, commands, targets, and the words of the product's own tables."""

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from bot.cli import commands

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "templates/README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in map("".join, re.findall(r"""\]\(([^)#]+)|src="([^"]+)""", page.read_text("utf-8"))):
        assert target.startswith("http") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist(page):
    group = get_command(commands)
    known = {name: group.get_command(None, name) for name in group.list_commands(None)}
    for name, rest in re.findall(r"(?:`|^)greenroom ([a-z]+)\b ?([a-z]*)", page.read_text("utf-8"), re.MULTILINE):
        assert name in known, f"greenroom {name}"
        inner = known[name].list_commands(None) if hasattr(known[name], "list_commands") else None
        assert inner is None or not rest or rest in inner, f"greenroom {name} {rest}"


def _leaves(group, path=()):
    """The words that name each command."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        yield from _leaves(command, (*path, name)) if hasattr(command, "list_commands") else [(*path, name)]
        if getattr(command, "invoke_without_command", False) and not command.no_args_is_help:
            yield (*path, name)


def test_the_operators_page_lists_every_command():
    listed = (ROOT / "docs/operator.md").read_text("utf-8").partition("\n## Every command\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `greenroom ([a-z ]+)", listed, re.MULTILINE)
    assert sorted(row.strip() for row in rows) == sorted(" ".join(path) for path in _leaves(get_command(commands)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"


def test_the_house_stands_as_drawn():
    page = (ROOT / "docs/engineer.md").read_text("utf-8")
    drawing = page.split("```")[1]
    base = ROOT
    for line in drawing.splitlines():
        if found := re.match(r"(\w+)/(?: |$)", line):
            base = ROOT / found[1]
            assert base.is_dir(), line
        elif line.startswith("  "):
            for name in re.match(r"  ((?:[\w/]+(?:\.py|/) ?)+)", line)[1].split():
                assert (base / name).exists(), name


def test_files_named_in_the_eight_hops_exist():
    page = (ROOT / "docs/engineer.md").read_text("utf-8")
    for name in re.findall(r"`((?:adapters|store|queue|desk|console)/[\w/]+\.py)`", page):
        assert (ROOT / "bot" / name).is_file(), name


def test_the_sample_config_says_what_the_operators_page_says():
    config = yaml.safe_load((ROOT / "config.yaml").read_text("utf-8"))
    page = (ROOT / "docs/operator.md").read_text("utf-8")
    assert f"`keep.post_text` ({config['keep']['post_text'][:-1]} days)" in page
    assert f"`keep.events` ({config['keep']['events'][:-1]} days)" in page


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml", "Makefile", ".ci/run"])
def test_packages_come_by_name_from_wherever_the_machine_takes_them(name):
    assert "://" not in (ROOT / name).read_text("utf-8")
