"""The shipped model: checked when it is loaded, run on onnxruntime, with a cache of the last texts.

Vectors of posts stay in memory. Those of the operators' examples are kept in `var/`, so that a start and an edit read
only what is new.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import sentencepiece

from bot.errors import GreenroomError
from responders.ports import Floats
from responders.understanding.gates import gate_words
from responders.understanding.trained import ByWords, Heads, Model

# Without it, the import alone writes a device id under ~/.cache/Microsoft and queues events for Microsoft.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import onnxruntime  # type: ignore[import-untyped]  # it ships no types

FOLDER = Path(str(resources.files("bot") / "model"))
DIMENSIONS = 384
CARD = "model.json"
"""Has names, factors, known vectors and the SHA-256 of the other files."""
WORDS_ONLY = "words_only.npz"
CACHED = 512
"""Texts whose vectors are cached, 1.5 KiB each."""
MOST_OTHERS = 10_000
"""Vectors of other communities' examples that are kept in memory."""
VECTORS = "example_vectors.npz"
"""The file in `var/` with the vectors of examples."""
_POST, _BEFORE = 96, 30
"""How many word pieces are read of a post, and of the message before it."""
_START, _END = 0, 2
_BLOCK = 32
_TOLERANCE = 0.05
"""How far a known vector may be off, relative to its length: processors differ in eight-bit arithmetic."""
_DIGEST = 16
_REINSTALL = "install Greenroom again"


class NoReader(GreenroomError):
    """There is no trained model. The text says why, and what to do."""

    def __init__(self, why: str, fix: str = _REINSTALL) -> None:
        """`why` goes on after "because"; `fix` is a clause that says what to do."""
        self.fix = fix
        self.sentence = f"Posts are read by word patterns alone, less well, because {why}"
        super().__init__(f"{self.sentence}; {fix}.")


class Network:
    """Text in, vector out: word pieces, their embeddings, and the layers."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        """`files`: the files of the model, by name."""
        self._pieces = sentencepiece.SentencePieceProcessor(model_file=str(files["pieces.model"]))
        words = _arrays(files["words.npz"])
        self._fours, self._scale = words["fours"], words["scale"]
        self._places = words["places"].astype(np.float32)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # it would keep as much memory as the longest post took
        # Without VNNI, a processor would clip sums of signed eight-bit products: other numbers, and a refused model.
        options.add_session_config_entry("session.x64quantprecision", "1")
        path = str(files["network.onnx"])
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, text: str) -> Floats:
        """The mean over the post. What follows a line break was said before it: it is read, but not in the mean."""
        post, _, before = text.partition("\n")
        own = [_START, *self._pieces.encode(post)[:_POST], _END]
        more = [_END, *self._pieces.encode(before)[:_BEFORE], _END] if before else []
        ids = np.array(own + more)
        given = self._numbers(ids) + self._places[: len(ids)]
        read = self._session.run(None, {"words": given[None]})[0][0]
        mean: Floats = read[: len(own)].mean(axis=0)
        return mean

    def _numbers(self, ids: Any) -> Floats:
        """Of word pieces: two numbers a byte, and one scale for each `_BLOCK` numbers."""
        parts = self._fours[ids].reshape(len(ids), -1, _BLOCK // 2)
        whole = np.concatenate([parts & 15, parts >> 4], axis=2).astype(np.float32) - 8
        return np.asarray((whole * self._scale[ids].astype(np.float32)[:, :, None]).reshape(len(ids), -1), np.float32)


class TextEncoder:
    """An `Encoder` with a cache of the last texts. Thread-safe."""

    def __init__(self, network: Callable[[str], Floats]) -> None:
        """`network` gives the vector of a text."""
        self._network = network
        self._lock = Lock()  # around the cache only: operators' examples must not hold up a post
        self._seen: OrderedDict[str, Floats] = OrderedDict()

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text, in their order: shape (texts, 384)."""
        return np.stack([self._one(text) for text in texts]) if texts else np.zeros((0, DIMENSIONS), np.float32)

    def encode_once(self, text: str) -> Floats:
        """One text, without the cache."""
        return self._network(text.encode("utf-8", "replace").decode())  # a lone surrogate is no text

    def _one(self, text: str) -> Floats:
        with self._lock:
            found = self._seen.get(text)
            if found is not None:
                self._seen.move_to_end(text)
                return found
        made = self.encode_once(text)
        with self._lock:
            self._seen[text] = made
            while len(self._seen) > CACHED:
                self._seen.popitem(last=False)
        return made


class Examples:
    """An `Encoder` for operators' examples: keeps their vectors in a file, by hash of the text.

    While it is open it must get texts of operators only. Once closed it passes every text on and keeps nothing.
    """

    def __init__(
        self, encoder: TextEncoder, model: str, var: Path | None, others: dict[bytes, Floats] | None = None
    ) -> None:
        """`model`: its version. `var`: the folder of the file; without it nothing is kept. A broken file, or one of
        another model, counts as none. `others`: the vectors of other communities' examples, by the same hash."""
        self._encoder = encoder
        self._others = others
        self._model = model
        self._path = var / VECTORS if var else None
        self._kept = _read(self._path, model) if self._path else {}
        self._used: dict[bytes, Floats] | None = {}

    def encode(self, texts: Sequence[str]) -> Floats:
        """One row a text, in their order: shape (texts, 384)."""
        if self._used is None:
            return self._encoder.encode(texts)
        rows = [self._example(text, self._used) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, DIMENSIONS), dtype=np.float32)

    def _example(self, text: str, used: dict[bytes, Floats]) -> Floats:
        key = hashlib.sha256(text.encode("utf-8", "replace")).digest()[:_DIGEST]
        if key not in used:
            kept = self._kept.get(key)
            used[key] = self._fresh(key, text) if kept is None else kept
        return used[key]

    def _fresh(self, key: bytes, text: str) -> Floats:
        if self._others is None:
            return self._encoder.encode_once(text)
        found = self._others.get(key)
        if found is None:
            found = self._encoder.encode_once(text)
            if len(self._others) < MOST_OTHERS:
                self._others[key] = found
        return found

    def close(self) -> None:
        """Write the file with the examples of now, if they have changed."""
        used, self._used = self._used or {}, None
        if self._path and used.keys() != self._kept.keys():
            with suppress(OSError):  # it only makes the next start slower
                _write(self._path, self._model, used)
        self._kept = {}


class Reader:
    """The trained model as the product loads it."""

    def __init__(self, encoder: TextEncoder, heads: Heads, version: str) -> None:
        """Use `load_reader`."""
        self.encoder = encoder
        self.heads = heads
        self.version = version
        self.others: dict[bytes, Floats] | None = None
        """Vectors of examples, where several communities share the reader: most have the same ones."""

    def model(self, var: Path | None) -> tuple[Model, Examples]:
        """The model for a pipeline, and its examples, which are kept in `var` and must be closed."""
        examples = Examples(self.encoder, self.version, var, self.others)
        return Model(encoder=examples, heads=self.heads), examples


def load_reader(folder: Path = FOLDER) -> Reader:
    """Load the model, which takes a quarter of a second. Raises NoReader if a file is missing or wrong, or if the model
    does not compute what it should."""
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        files = dict(card["files"])
    except (OSError, ValueError) as error:
        raise NoReader(f"{CARD} of the model cannot be read ({error})") from error
    except Exception as error:  # JSON of another kind
        raise NoReader(f"{CARD} of the model is not the file it should be") from error
    for name, expected in files.items():
        if why := _unlike(folder / name, expected):
            raise NoReader(f"{name} of the model {why}")
    try:
        encoder = TextEncoder(Network({name: folder / name for name in files}))
        heads = _heads(card, folder / "heads.npz")
        text = _off(encoder, card["known"])
    except Exception as error:
        raise NoReader(f"the model fails to load ({_told(error)})") from error
    if text:
        raise NoReader(f"the model computes other numbers than it should for “{text}”")
    return Reader(encoder, heads, " ".join(files.values()))


def by_words(word_lists: Mapping[str, Mapping[str, Any]], folder: Path = FOLDER) -> ByWords:
    """What reads without the model: weights of words and letters, fitted to the same posts. Raises GreenroomError if
    they are missing, too."""
    try:
        file = _arrays(folder / WORDS_ONLY)
        weights, bias = file["weights"].astype(np.float32), file["bias"].astype(np.float32)
        names, thresholds = json.loads(str(file["names"])), json.loads(str(file["thresholds"]))
    except Exception as error:  # missing, cut off, or something else altogether: numpy raises of many kinds
        why = f"{WORDS_ONLY} of the model cannot be read ({_told(error)})"
        raise GreenroomError(f"Posts cannot be read, because {why}; {_REINSTALL}.") from error
    return ByWords(gate_words(word_lists).matrix, tuple(names), weights, bias, thresholds)


def _heads(card: Mapping[str, Any], path: Path) -> Heads:
    arrays = {name: array.astype(np.float32) for name, array in _arrays(path).items()}
    heads = ("intent", "situation", "mood", "tells", "meaning")
    return Heads(
        situations=card["situations"],
        weights={name: arrays[f"{name}_weights"] for name in heads},
        biases={name: arrays[f"{name}_bias"] for name in heads},
        sharpness=card["sharpness"],
        thresholds=card["thresholds"],
        background=arrays["background"],
    )


def _arrays(path: Path) -> dict[str, Any]:
    """The arrays of an npz file, by name."""
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _off(encoder: TextEncoder, known: Mapping[str, Sequence[float]]) -> str | None:
    """The first known text that gets another vector than it should."""
    for text, expected in known.items():
        row = encoder.encode_once(text)[: len(expected)]
        if not np.linalg.norm(row - expected) <= _TOLERANCE * np.linalg.norm(expected):  # "not": NaN counts as off
            return text
    return None


def _told(error: Exception) -> str:
    """An error on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _unlike(path: Path, expected: str) -> str | None:
    """What is wrong with a file, in words that follow its name."""
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if found == expected else "is not the file it should be"


def _read(path: Path, model: str) -> dict[bytes, Floats]:
    try:
        file = _arrays(path)
        made_by, keys, rows = file["model"], file["keys"], file["rows"]
    except Exception:  # missing, cut off, or something else altogether: numpy raises of many kinds
        return {}
    fits = (
        made_by.shape == ()
        and str(made_by) == model
        and keys.dtype == np.uint8
        and rows.dtype == np.float32
        and rows.ndim == 2  # noqa: PLR2004 - a table
        and keys.shape == (len(rows), _DIGEST)
        and rows.shape[1] == DIMENSIONS
    )
    if not fits or not np.isfinite(rows).all():
        return {}
    return {key.tobytes(): row for key, row in zip(keys, rows, strict=True)}


def _write(path: Path, model: str, vectors: dict[bytes, Floats]) -> None:
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    content: dict[str, Any] = {
        "model": np.array(model),
        "keys": np.frombuffer(b"".join(vectors), dtype=np.uint8).reshape(-1, _DIGEST),
        "rows": np.stack([*vectors.values()]) if vectors else np.zeros((0, DIMENSIONS), dtype=np.float32),
    }
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            np.savez(file, **content)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
