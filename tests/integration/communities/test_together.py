"""Communities side by side: one that is broken, slow or noisy does not keep the others from their work."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from bot import communities, worker
from bot.communities import Communities
from bot.domain import Action, Command, Refused
from bot.errors import GreenroomError
from bot.reader import NoReader, Reader
from bot.worker import AT_ONCE
from responders.pipeline import Pipeline
from responders.types import Author, Post
from tests import model
from tests.integration.communities.conftest import PRAISE, Folder, Run, Town, until


async def test_one_that_is_broken_is_told_of_and_tried_again(folder: Folder, run: Run) -> None:
    folder.add("lamp")
    config = folder.add("torn")
    config.write_text("community: {name: Torn}\n", encoding="utf-8")
    (folder.add("faulty").parent / "templates" / "facts.yaml").write_text("a: [", encoding="utf-8")
    (folder.add("locked").parent / "var").write_text("a file in the place of the folder", encoding="utf-8")
    async with run() as town:
        assert town.many.running.keys() == {"lamp"}
        assert "`managers` is missing" in town.many.away["torn"]
        assert "facts.yaml" in town.many.away["faulty"]
        assert town.many.away["locked"]
        assert (await town.judged("lamp", await town.post("lamp")))["action"] == "draft"
        async with town.at(f"127.0.0.1:{town.port}") as client:
            answer = await client.get("/readyz")
            assert (answer.status_code, answer.json()["status"]) == (200, "partly ready")
            assert "`managers` is missing" in answer.json()["communities"]["torn"]["why"]
        async with town.at(town.host("torn")) as client:
            answer = await client.get("/inbox")
            assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
            assert "torn" not in answer.text.lower()
        folder.add("torn")
        await until(lambda: "torn" in town.many.running)
        assert "torn" not in town.many.away
        async with town.browser("torn") as client:
            assert "The torn" in (await client.get("/inbox")).text


@pytest.fixture
def no_bind_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no config.yaml can be read a free port is taken, and not 8765: whoever runs the tests may run Greenroom."""
    monkeypatch.setattr(communities, "Bind", partial(communities.Bind, bind="127.0.0.1:0"))


@pytest.mark.usefixtures("no_bind_is_read")
async def test_none_that_runs_is_not_ready(folder: Folder, run: Run) -> None:
    folder.add("torn").write_text("nothing: of it\n", encoding="utf-8")
    async with run() as town, town.at(f"127.0.0.1:{town.port}") as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
        found = list(text_string_to_metric_families((await client.get("/metrics")).text))
        assert [s.labels for f in found if f.name == "greenroom_community_up" for s in f.samples if s.value == 0] == [
            {"community": "torn"}
        ]


@pytest.mark.usefixtures("no_bind_is_read")
async def test_the_pause_before_another_try_grows(folder: Folder, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(communities, "LONGEST_PAUSE", 0.1)
    folder.add("torn").write_text("nothing: of it\n", encoding="utf-8")
    with capture_logs() as logs:
        async with run():
            await until(lambda: len(_tries(logs)) >= 5)
    pauses = _tries(logs)
    assert pauses[:3] == [0.02, 0.04, 0.08]
    assert set(pauses[3:]) == {0.1}


def _tries(logs: list[Any]) -> list[float]:
    return [entry["tried_again_in"] for entry in logs if entry["event"] == "community_away"]


@pytest.mark.parametrize(
    ("blocks", "environ", "why"),
    [
        ({"url": "http://lamp.localhost:8765"}, {}, "is the address of harbour too"),
        ({}, {"LAMP__DISCORD_TOKEN": "one", "HARBOUR__DISCORD_TOKEN": "one"}, "harbour has the same bot token"),
        ({"url": "http://127.0.0.1:8765"}, {}, "is this machine's"),
    ],
)
def test_what_two_cannot_share_is_refused_in_a_sentence(
    folder: Folder, blocks: dict[str, str], environ: dict[str, str], why: str
) -> None:
    policy = {"privacy": "{policy: ours}"}
    config = folder.add("lamp", **blocks, **policy)
    other = folder.add("harbour", url=blocks.get("url", ""), **policy)
    for path in (config, other):
        path.write_text(path.read_text(encoding="utf-8").replace("127.0.0.1:0", "127.0.0.1:8765"), encoding="utf-8")
    lamp, harbour = (communities.load_one(p.parent.name, p, environ) for p in (config, other))
    others = {} if "machine" in why else {"harbour": harbour}
    assert why in (communities.clash(lamp, others, "127.0.0.1:8765") or "")
    assert communities.clash(lamp, {}, "127.0.0.1:8765") is None or "machine" in why


async def test_one_process_has_one_address_to_listen_on(folder: Folder, run: Run) -> None:
    for key in ("a", "b", "c"):
        folder.add(key)
    config = folder.add("apart")
    config.write_text(config.read_text(encoding="utf-8").replace("127.0.0.1:0", "127.0.0.1:9"), encoding="utf-8")
    async with run() as town:
        assert town.many.running.keys() == {"a", "b", "c"}
        assert "which listens on 127.0.0.1:0" in town.many.away["apart"]


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("lamp", "community: {name: Lamp}", "must say whose it is, as its folder does: write `key: lamp`"),
        ("lamp", "community: {name: Lamp, key: harbour}", "must say whose it is"),
        ("Lamp_1", "community: {name: Lamp, key: lamp}", "cannot be the key of a community"),
    ],
)
def test_the_key_of_a_community_is_its_folders_name(tmp_path: Path, name: str, text: str, why: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"{text}\nmanagers: {{mara: {{name: Mara}}}}\non_call: mara\n", encoding="utf-8")
    with pytest.raises(GreenroomError, match=why):
        communities.load_one(name, config, {})


def test_a_folder_without_communities_is_told(tmp_path: Path) -> None:
    with pytest.raises(GreenroomError, match="There is no community in"):
        communities.folders(tmp_path)
    with pytest.raises(GreenroomError, match="There is no community in"):
        communities.folders(tmp_path / "nowhere")


async def test_the_model_is_loaded_once_and_the_same_files_are_read_once(folder: Folder, run: Run) -> None:
    loaded: list[Reader] = []

    def load() -> Reader:
        loaded.append(model.reader())
        return loaded[-1]

    for key in ("a", "b", "c"):
        folder.add(key)
    own = folder.path / "c" / "templates" / "en" / "praise" / "praise_for_looks.md"
    own.write_text(own.read_text(encoding="utf-8") + "## variant: own\nOnly here.\n", encoding="utf-8")
    async with run(reader=load) as town:
        assert len(loaded) == 1
        pipelines = [town.app(key).content.pipeline for key in ("a", "b", "c")]
        assert pipelines[0] is pipelines[1]
        assert pipelines[0] is not pipelines[2]
        # What one writes is its own from then on.
        (folder.path / "a" / "templates" / "facts.yaml").write_text("home: Lantern Bay\n", encoding="utf-8")
        await until(lambda: "home" in town.app("a").content.pipeline.library.facts)
        assert "home" not in town.app("b").content.pipeline.library.facts
        assert town.app("b").content.pipeline is pipelines[1]


async def test_without_the_model_each_says_so(folder: Folder, run: Run) -> None:
    def load() -> Reader:
        raise NoReader("a file is missing")

    folder.add("lamp")
    folder.add("harbour")
    async with run(reader=load) as town:
        assert [str(app.content.no_reader) for app in town.many.running.values()] == [
            "Posts are read by word patterns alone, less well, because a file is missing; install Greenroom again."
        ] * 2
        assert (await town.judged("lamp", await town.post("lamp")))["action"] == "draft"


async def test_hundreds_of_posts_of_one_do_not_delay_anothers_single_post(
    folder: Folder, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(communities, "READING", 1)
    monkeypatch.setattr(worker, "LONG", 3600)  # one that is held here is not one that hangs
    folder.add("noisy")
    folder.add("quiet")
    go, held, order = threading.Event(), threading.Event(), []
    before = Pipeline.run

    def run_pipeline(self: Pipeline, post: Any, context: Any) -> Any:
        held.set()
        go.wait(60)
        order.append(post.channel)
        return before(self, post, context)

    async with run() as town:
        monkeypatch.setattr(Pipeline, "run", run_pipeline)
        noisy, quiet = town.app("noisy").intake, town.app("quiet").intake
        await asyncio.gather(*(noisy.receive(_post(f"noisy {n}", n)) for n in range(300)))
        await until(held.is_set)
        await quiet.receive(_post("quiet", 0))
        await until(lambda: quiet._judge._worker._waiting)
        go.set()
        await until(lambda: "quiet" in order)
        assert order.index("quiet") <= 2 * AT_ONCE


def _post(channel: str, n: int) -> Any:
    author = Author(id=f"fan-{n}", name="Robin")
    return Post(platform="web", channel=channel, external_id=f"m{n}", author=author, text=PRAISE, at=datetime.now(UTC))


async def test_each_number_has_its_community(town: Town) -> None:
    async with town.at(f"127.0.0.1:{town.port}") as client:
        await client.get("/metrics")  # counts from here on
        await town.judged("lamp", await town.post("lamp"))
        text = (await client.get("/metrics")).text
    families = list(text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(names) == len(set(names))
    depth = next(family for family in families if family.name == "greenroom_queue_depth")
    assert {sample.labels["community"] for sample in depth.samples} == {"lamp", "harbour"}
    judged = next(family for family in families if family.name == "greenroom_posts_judged")
    counted = {s.labels["community"]: s.value for s in judged.samples if s.name.endswith("_total")}
    assert counted == {"lamp": 1}
    up = next(family for family in families if family.name == "greenroom_community_up")
    assert {s.labels["community"]: s.value for s in up.samples} == {"lamp": 1, "harbour": 1}
    assert sum(name == "process_resident_memory_bytes" for name in names) == 1


async def test_an_account_that_may_decide_in_one_is_nobody_in_the_other(folder: Folder, run: Run) -> None:
    lamp, harbour = folder.add("lamp", managers=("mara", "anna")), folder.add("harbour", managers=("mara", "hugo"))
    for config, account in ((lamp, 11), (harbour, 22)):
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("{name: Mara}", f"{{name: Mara, telegram: {account}}}"), encoding="utf-8")
    async with run() as town:
        accounts = {key: town.app(key).settings.manager_of("telegram", "11") for key in ("lamp", "harbour")}
        assert accounts == {"lamp": "mara", "harbour": None}
        judged = await town.judged("harbour", await town.post("harbour"))
        for by in ("anna", "telegram:11"):
            command = Command(draft_id=judged["draft"]["draft_id"], revision=1, by=by, action=Action.APPROVE)
            with pytest.raises(Refused) as caught:
                await town.app("harbour").desk.decide(command)
            assert caught.value.code == "not_a_manager"


async def test_roles_are_those_of_the_process(folder: Folder, run: Run) -> None:
    folder.add("lamp", privacy="{policy: ours}", platforms="{replay: {file: posts.jsonl}}")
    (folder.path / "lamp" / "posts.jsonl").write_text("", encoding="utf-8")
    folder.add("harbour")
    async with run(only=("replay",)) as town:
        assert town.many.running.keys() == {"lamp"}
        assert not town.many.away
    async with run(only=("web",)) as town:
        assert town.many.running.keys() == {"lamp", "harbour"}
        async with town.script("lamp") as client:
            parts = (await client.get("/readyz")).json()
        assert parts["web"] is True
        assert not {"rounds", "outbox", "replay"} & parts.keys()
    async with run(only=("replay", "probes")) as town:
        assert town.many.running.keys() == {"lamp"}
        for host in (f"127.0.0.1:{town.port}", town.host("lamp")):
            async with town.at(host) as client:
                answers = [
                    await client.get(path) for path in ("/healthz", "/readyz", "/metrics", "/inbox", "/api/drafts")
                ]
                assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 404]
    with pytest.raises(GreenroomError, match="there is no role “tool”"):
        async with run(only=("web", "tool")):
            pass


async def test_log_lines_name_their_community(folder: Folder) -> None:
    folder.add("lamp")
    folder.add("torn").write_text("nothing: of it\n", encoding="utf-8")
    seen: dict[str, Any] = {}

    def note(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
        seen[event["event"]] = event.get("community")
        return event

    with capture_logs(processors=[structlog.contextvars.merge_contextvars, note]):
        async with Communities(folder.path, environ={}) as many:
            await many.settled()
    assert seen["community_runs"] == "lamp"
    assert seen["community_away"] == "torn"


async def test_a_folder_of_templates_that_comes_back_is_used_again(town: Town, folder: Folder) -> None:
    shelf = folder.path / "lamp" / "templates"
    shelf.rename(shelf.with_name("elsewhere"))
    content, other = town.app("lamp").content, town.app("harbour").content
    await until(lambda: content.faults)
    assert not other.faults
    shelf.with_name("elsewhere").rename(shelf)
    await until(lambda: not content.faults)
    (folder.path / "harbour" / "templates" / "facts.yaml").write_text("home: Bay\n", encoding="utf-8")
    await until(lambda: "home" in other.pipeline.library.facts)
    assert "home" not in content.pipeline.library.facts


@pytest.mark.whole
async def test_many_folders_are_watched_at_once(folder: Folder, run: Run) -> None:
    keys = [f"c{n}" for n in range(5)]
    for key in keys:
        folder.add(key)
    async with run() as town:
        for key in keys:
            (folder.path / key / "templates" / "facts.yaml").write_text(f"home: {key}\n", encoding="utf-8")
        for key in keys:
            app = town.app(key)
            await until(lambda app=app: "home" in app.content.pipeline.library.facts)
            assert app.content.pipeline.library.facts["home"].value == key
