"""The model is the pinned one or none. Its vectors are remembered, and only those of operators' words are written."""

from __future__ import annotations

import hashlib
import io
import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import GreenroomError
from bot.reader import (
    CACHED,
    CARD,
    DIMENSIONS,
    FOLDER,
    VECTORS,
    WORDS_ONLY,
    Examples,
    NoReader,
    Reader,
    TextEncoder,
    by_words,
    load_reader,
)
from responders.ports import Floats
from responders.types import GATES
from responders.understanding.normalise import encodable
from responders.understanding.trained import Model

PINNED = ("heads.npz", "network.onnx", "pieces.model", "words.npz")
NASTY = [
    *("", " ", "\n", "\n\n", "\ud83d", "\udfff\ud800", "a\ud83d", "\x00", "love\x00it", "\u200b\u200d", "🏳️‍🌈" * 500),
    *(
        "a" * 8000,
        "lamp " * 1600,
        "!" * 8000,
        "\u202eevil",
        "このゲームはとても楽しいです",
        "لعبة رائعة",
        "игра прекрасна",
    ),
    *(
        "ゲ" * 8000,
        "é" * 8000,
        "\U0010ffff" * 100,
        "team: hello",
        "love it\nteam: " + "why " * 2000,
        "<s></s><unk><pad>",
    ),
]


def by_hash(text: str) -> Floats:
    """A row that depends on the text alone: a stand-in for the network."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    return np.random.default_rng(seed).normal(size=DIMENSIONS).astype(np.float32)


def rows_of(texts: list[str]) -> Floats:
    return np.stack([by_hash(text) for text in texts])


class Counted:
    """`by_hash`, with a list of the texts it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str) -> Floats:
        self.texts.append(text)
        return by_hash(text)


@pytest.fixture(scope="module")
def real() -> Reader:
    return load_reader()


@pytest.fixture(scope="module")
def model(real: Reader) -> Model:
    return real.model(None)[0]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with the model's files, which may be replaced."""
    for name in PINNED:
        (tmp_path / name).symlink_to(FOLDER / name)
    (tmp_path / CARD).write_bytes((FOLDER / CARD).read_bytes())
    return tmp_path


def put(folder: Path, name: str, content: bytes, *, pinned: bool = False) -> None:
    """Replace a file; `pinned`: with its own hash in model.json."""
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    if pinned:
        edit(folder, lambda card: card["files"].update({name: hashlib.sha256(content).hexdigest()}))


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    card = json.loads((folder / CARD).read_text("utf-8"))
    change(card)
    (folder / CARD).write_text(json.dumps(card), "utf-8")


def words(change: Callable[[dict[str, Any]], object]) -> bytes:
    """The words' numbers, changed."""
    with np.load(FOLDER / "words.npz") as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def refused(folder: Path) -> str:
    """Why there is no reader: checked to be one sentence with a way out."""
    with pytest.raises(NoReader) as caught:
        load_reader(folder)
    said = str(caught.value)
    assert said.startswith("Posts are read by word patterns alone, less well, because ")
    assert said.endswith(f"; {caught.value.fix}.")
    assert "\n" not in said
    return said


def test_the_copied_folder_is_the_model(copied: Path, real: Reader) -> None:
    copy = load_reader(copied)
    assert copy.version == real.version
    assert (copy.encoder.encode(["love it"]) == real.encoder.encode(["love it"])).all()


@pytest.mark.parametrize("name", [*PINNED, CARD])
def test_a_file_that_is_missing(copied: Path, name: str) -> None:
    (copied / name).unlink()
    assert f"{name} of the model cannot be read (" in refused(copied)
    (copied / name).mkdir()
    assert f"{name} of the model cannot be read (" in refused(copied)


@pytest.mark.parametrize("name", PINNED)
def test_a_file_that_is_cut_off_foreign_or_spoilt(copied: Path, name: str) -> None:
    right = (FOLDER / name).read_bytes()
    spoilt = bytearray(right)
    spoilt[len(right) // 2] ^= 1
    for content in (b"", right[:-1], right[: len(right) // 2], right + b"\0", b"PK\x03\x04", bytes(spoilt)):
        put(copied, name, content)
        assert f"because {name} of the model is not the file it should be; " in refused(copied)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ((FOLDER / CARD).read_bytes()[:5000], "model.json of the model cannot be read ("),
        (b"", "model.json of the model cannot be read ("),
        (b"\xff\xfe{}", "model.json of the model cannot be read ("),
        (b"{}", "model.json of the model is not the file it should be"),
        (b"[]", "model.json of the model is not the file it should be"),
        (b"null", "model.json of the model is not the file it should be"),
        (b'{"files": null}', "model.json of the model is not the file it should be"),
        (b"[" * 100_000, "model.json of the model is not the file it should be"),
        (b'{"files": {}}', "the model fails to load (KeyError: "),
        (b'{"files": {"words.npz": 5}}', "words.npz of the model is not the file it should be"),
    ],
)
def test_another_card(copied: Path, content: bytes, why: str) -> None:
    put(copied, CARD, content)
    assert why in refused(copied)


@pytest.mark.parametrize("key", ["situations", "sharpness", "thresholds", "known"])
def test_a_card_that_lacks_something(copied: Path, key: str) -> None:
    edit(copied, lambda card: card.pop(key))
    assert f"because the model fails to load (KeyError: '{key}'); " in refused(copied)


@pytest.mark.parametrize("name", PINNED)
def test_files_that_are_pinned_and_cannot_be_loaded(copied: Path, name: str) -> None:
    put(copied, name, b"no\nmodel\n" * 100, pinned=True)
    assert "because the model fails to load (" in refused(copied)


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.update(fours=arrays["fours"][::-1]),
        lambda arrays: arrays.update(scale=arrays["scale"] * np.float16(np.nan)),
        lambda arrays: arrays.update(scale=np.zeros_like(arrays["scale"])),
    ],
    ids=["of other words", "no numbers", "nothing"],
)
def test_a_model_that_computes_other_numbers(copied: Path, change: Callable[[dict[str, Any]], object]) -> None:
    put(copied, "words.npz", words(change), pinned=True)
    first = next(iter(json.loads((FOLDER / CARD).read_text("utf-8"))["known"]))
    assert f"because the model computes other numbers than it should for “{first}”; " in refused(copied)


def test_a_card_that_expects_other_numbers(copied: Path) -> None:
    edit(copied, lambda card: card["known"].update({"love it": [0.1, 0.2]}))
    assert "computes other numbers than it should for “love it”" in refused(copied)


def test_words_alone_can_be_missing_too(copied: Path, word_lists: dict[str, Any]) -> None:
    with pytest.raises(GreenroomError, match=r"^Posts cannot be read, because .*; install Greenroom again\.$"):
        by_words(word_lists, copied)
    (copied / WORDS_ONLY).write_bytes((FOLDER / WORDS_ONLY).read_bytes()[:1000])
    with pytest.raises(GreenroomError, match=r"words_only\.npz of the model cannot be read"):
        by_words(word_lists, copied)


def test_both_read_the_gates_and_have_all_thresholds(real: Reader, word_lists: dict[str, Any]) -> None:
    names = {*GATES, "crisis_maybe", "sure", "silent", "three"}
    for reads in (real.model(None)[0], by_words(word_lists)):
        assert {*GATES, "answer"} < {*reads.intents}
        assert {*reads.thresholds} == names
        assert all(0 < chance < 1 for chance in reads.thresholds.values())
        assert reads.thresholds["crisis_maybe"] <= reads.thresholds["crisis"]
    assert by_words(word_lists).intents == real.heads.intents


def test_rows_in_order_alone_and_together(real: Reader) -> None:
    texts = ["the boss is too hard", "danke euch allen", "the boss is too hard", "¿alguien más?"]
    together = real.encoder.encode(texts)
    assert (together.shape, together.dtype) == ((4, DIMENSIONS), np.float32)
    assert (together[0] == together[2]).all()
    alone = np.stack([real.encoder.encode_once(text) for text in texts])
    assert np.allclose(together, alone, atol=1e-4)
    assert real.encoder.encode([]).shape == (0, DIMENSIONS)


def test_what_was_said_before_counts_and_both_are_read_by_their_beginning(real: Reader) -> None:
    read = real.encoder.encode_once
    assert not np.allclose(read("android 15"), read("android 15\nteam: which phone is it?"), atol=1e-3)
    assert (read("lamp " * 500) == read("lamp " * 900)).all()
    assert (read("yes\nteam: " + "lamp " * 500) == read("yes\nteam: " + "lamp " * 900)).all()


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_any_string_is_read(model: Model, text: str) -> None:
    assert np.isfinite(model.vectors([text])).all()
    for given_text in (text, encodable(text), encodable("so", text)):
        assert_chances(model, given_text)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300) | st.text(st.characters(categories=["So", "Cf", "Cs", "Mn", "Zs"]), max_size=100))
def test_chances_add_up_whatever_is_written(model: Model, text: str) -> None:
    assert_chances(model, text)


def assert_chances(model: Model, text: str) -> None:
    read = model.read(text)
    assert float(read.intents.sum()) == pytest.approx(1, abs=1e-4)
    assert sum(chance for _, _, chance in read.situations) == pytest.approx(1, abs=1e-4)
    assert all(0 <= chance <= 1 for chance in (*read.intents, *(read.tells or {}).values()))
    assert float(np.linalg.norm(read.vector)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("text", [*NASTY, "love it"], ids=range(len(NASTY) + 1))
def test_words_alone_read_any_string(word_lists: dict[str, Any], text: str) -> None:
    read = by_words(word_lists).read(encodable(text))
    assert float(read.intents.sum()) == pytest.approx(1, abs=1e-4)
    assert (read.situations, read.mood, read.told(0.5)) == ((), "plain", frozenset())


def test_a_text_is_computed_once_while_it_is_remembered() -> None:
    network = Counted()
    encoder = TextEncoder(network)
    first = encoder.encode(["a", "b", "a"])
    assert (encoder.encode(["b", "a", "b"]) == first[[1, 0, 1]]).all()
    encoder.encode(["b", "c"])
    assert network.texts == ["a", "b", "c"]


def test_the_oldest_are_forgotten() -> None:
    network = Counted()
    encoder = TextEncoder(network)
    encoder.encode(["first", "second"])
    for n in range(CACHED - 2):
        encoder.encode([str(n)])
    encoder.encode(["first"])  # seen again: not among the oldest any more
    encoder.encode(["new"])
    network.texts.clear()
    encoder.encode(["first"])
    encoder.encode(["second"])
    assert network.texts == ["second"]
    too_many = [f"t{n}" for n in range(CACHED + 10)]
    assert (encoder.encode(too_many) == rows_of(too_many)).all()
    network.texts.clear()
    encoder.encode(too_many[::-1][:CACHED])
    assert network.texts == []
    encoder.encode(too_many[:10])
    assert network.texts == too_many[:10]


def test_threads_may_share_it() -> None:
    encoder = TextEncoder(by_hash)
    jobs = [[f"text {(n * step) % 3000}" for n in range(40)] for step in range(1, 150)]
    with ThreadPoolExecutor(4) as threads:
        rows = list(threads.map(encoder.encode, jobs))
    assert all((row == rows_of(job)).all() for row, job in zip(rows, jobs, strict=True))


def test_threads_may_share_the_real_one(real: Reader) -> None:
    texts = [f"lamp {n} is out" for n in range(40)]
    alone = np.stack([real.encoder.encode_once(text) for text in texts])
    fresh = load_reader().encoder
    with ThreadPoolExecutor(4) as threads:
        rows = list(threads.map(lambda text: fresh.encode([text])[0], texts * 2))
    assert np.allclose(rows, np.concatenate([alone, alone]), atol=1e-4)


def fit(var: Path | None, texts: list[str], model: str = "ours") -> tuple[list[str], Floats, Examples]:
    """Encode texts as examples; the texts that were computed, the rows, and the closed Examples."""
    network = Counted()
    examples = Examples(TextEncoder(network), model, var)
    rows = np.concatenate([examples.encode(texts), examples.encode(texts[:1]), examples.encode([])])
    examples.close()
    return network.texts, rows, examples


def test_examples_are_encoded_once_for_all_starts(tmp_path: Path) -> None:
    var = tmp_path / "var"
    var.mkdir()
    first = fit(var, ["love it", "so good", "love it"])
    assert first[0] == ["love it", "so good"]
    assert stat.S_IMODE((var / VECTORS).stat().st_mode) == 0o600
    written = (var / VECTORS).stat().st_mtime_ns
    again = fit(var, ["love it", "so good", "love it"])
    assert again[0] == []
    assert (again[1] == first[1]).all()
    assert (var / VECTORS).stat().st_mtime_ns == written, "nothing new, nothing written"
    assert fit(var, ["so good", "a new one"])[0] == ["a new one"]
    assert fit(var, ["love it", "so good"])[0] == ["love it"], "what is no example any more is not kept"
    assert [path.name for path in var.iterdir()] == [VECTORS]


def test_examples_of_another_model_are_not_used(tmp_path: Path) -> None:
    fit(tmp_path, ["love it"], "ours")
    assert fit(tmp_path, ["love it"], "a later one")[0] == ["love it"]
    assert fit(tmp_path, ["love it"], "a later one")[0] == []


def test_an_operator_may_write_anything(tmp_path: Path) -> None:
    texts = ["a\ud83d", "a?", "\x00", "", "ゲ" * 8000]
    first = fit(tmp_path, texts)
    assert (fit(tmp_path, texts)[1] == first[1]).all()


def test_nothing_of_a_post_is_written(tmp_path: Path) -> None:
    _, _, examples = fit(tmp_path, ["an example"])
    before = (tmp_path / VECTORS).read_bytes()
    post = "what a fan wrote"
    assert (examples.encode([post]) == rows_of([post])).all()
    examples.close()
    assert (tmp_path / VECTORS).read_bytes() == before
    fit(tmp_path, ["an example"])
    assert (tmp_path / VECTORS).read_bytes() == before
    assert hashlib.sha256(post.encode()).digest()[:8] not in before


def test_a_model_keeps_what_operators_wrote_and_no_post(tmp_path: Path, real: Reader) -> None:
    model, examples = real.model(tmp_path)
    model.vectors(["an operator's example"])
    examples.close()
    with np.load(tmp_path / VECTORS) as file:
        assert (str(file["model"]), file["rows"].shape) == (real.version, (1, DIMENSIONS))
    before = (tmp_path / VECTORS).read_bytes()
    model.read("what a fan wrote")
    model.meanings(["what a fan asked"])
    examples.close()
    assert (tmp_path / VECTORS).read_bytes() == before


def rewritten(path: Path, **changed: object) -> None:
    with np.load(path) as file:
        content = {name: file[name] for name in file.files}
    np.savez(path, **{**content, **changed})  # type: ignore[arg-type]  # what is wrong with them is the point


def npy(array: Floats) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


BROKEN: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "noise": lambda path: path.write_bytes(b"\x93NUMPY" + bytes(range(256))),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:2000]),
    "one array": lambda path: path.write_bytes(npy(np.zeros(3))),
    "a pickle": lambda path: np.savez(path, model=np.array({"a": 1}, dtype=object)),
    "another model": lambda path: rewritten(path, model="another"),
    "fewer rows": lambda path: rewritten(path, rows=np.zeros((1, DIMENSIONS), dtype=np.float32)),
    "shorter rows": lambda path: rewritten(path, rows=np.zeros((2, DIMENSIONS - 1), dtype=np.float32)),
    "other numbers": lambda path: rewritten(path, rows=np.zeros((2, DIMENSIONS), dtype=np.float64)),
    "no numbers": lambda path: rewritten(path, rows=np.full((2, DIMENSIONS), np.nan, dtype=np.float32)),
    "short keys": lambda path: rewritten(path, keys=np.zeros((2, 3), dtype=np.uint8)),
    "no shape": lambda path: rewritten(path, rows=np.float32(1), keys=np.uint8(1)),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_or_foreign_file_is_made_anew(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    texts = ["love it", "so good"]
    _, rows, _ = fit(tmp_path, texts)
    spoil(tmp_path / VECTORS)
    computed, again, _ = fit(tmp_path, texts)
    assert computed == texts
    assert (again == rows).all()
    assert fit(tmp_path, texts)[0] == []


def test_a_place_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    assert fit(tmp_path / "var", ["love it"])[0] == ["love it"]
    assert not (tmp_path / "var").exists(), "whoever runs the server makes it, not whoever tries a post"
    (tmp_path / "var").write_text("a file where the folder should be")
    assert fit(tmp_path / "var", ["love it"])[0] == ["love it"]
    assert fit(None, ["love it"])[0] == ["love it"]
