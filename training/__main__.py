"""`python -m training`: fit the reader to the corpus, write its weights, and measure it on communities it never saw."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bot.reader import CARD, TextEncoder, by_words
from bot.reader import Network as Shipped
from responders.understanding.gates import gate_words
from responders.understanding.normalise import encodable
from responders.understanding.trained import ByWords, Heads, Model
from training import base, calibrate, corpus, export, fit, words_only
from training.corpus import Labelled
from training.network import Network
from training.words import Words, model_of

_BACKGROUND = 800
_KNOWN = (
    "the fog in the last level is lovely",
    "does it run on linux?",
    "Mein Paket ist seit zwei Wochen nicht da!",
    "gracias a todos por la ayuda 🎉",
    "j'ai fini mon premier 10 km hier",
    "sumiu tudo depois da atualização",
)
_KNOWN_NUMBERS = 8


def say(line: str) -> None:
    """How far it is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Fit, calibrate, write, measure."""
    torch.set_num_threads(2)
    posts = corpus.load()
    known, unseen = corpus.split(posts)
    say(f"{len(known)} posts to fit to, {len(unseen)} of {len({p.community for p in unseen})} communities set apart")
    start = base.load()
    plan = fit.Plan()
    network = fit.fit(start, Words(model_of(start)), known, plan, say)
    export.rounded(network)
    finish(network, start, posts, asdict(plan))
    from tests.eval.__main__ import main as measure  # noqa: PLC0415 - it loads what was written just now

    return measure([])


def finish(
    network: Network,
    start: base.Base,
    posts: Sequence[Labelled],
    plan: Mapping[str, Any],
    folder: Path = export.FOLDER,
) -> None:
    """Everything after the fit: the files, then what is measured with them."""
    known, unseen = corpus.split(posts)
    names = fit.Names.read()
    network = network.cpu().float().eval()
    arrays = {}
    for name, head in network.heads.items():
        arrays[f"{name}_weights"] = head.weight.detach().numpy().T.astype(np.float16)
        arrays[f"{name}_bias"] = head.bias.detach().numpy().astype(np.float16)
    export.write_network(network, start, folder)
    encoder = TextEncoder(Shipped({name: folder / name for name in export.PARTS}))
    situations = {name: names.intents[i] for name, i in zip(names.situations, names.of, strict=True)}
    rows = np.stack([encoder.encode_once(post.read) for post in unseen])

    def scores(head: str) -> np.ndarray:
        return rows @ arrays[f"{head}_weights"].astype(np.float32) + arrays[f"{head}_bias"].astype(np.float32)

    intents = np.array([names.intents.index(p.intent) for p in unseen])
    happened = np.array([names.situations.index(p.situation) if p.situation else -1 for p in unseen])
    sharpness = {
        "intent": calibrate.sharpness(scores("intent"), intents),
        "situation": calibrate.sharpness(scores("situation"), happened),
        "mood": 1.0,
        "tells": 1.0,
        "chance": 1.0,
    }
    every = len(known) // _BACKGROUND
    background = np.stack([encoder.encode_once(post.read) for post in known[::every]])
    arrays["background"] = (background / np.linalg.norm(background, axis=1, keepdims=True)).astype(np.float16)

    def model(thresholds: dict[str, float]) -> Model:
        heads = Heads(
            situations=situations,
            weights={n: arrays[f"{n}_weights"].astype(np.float32) for n in network.heads},
            biases={n: arrays[f"{n}_bias"].astype(np.float32) for n in network.heads},
            sharpness=sharpness,
            thresholds=thresholds,
            background=arrays["background"].astype(np.float32),
        )
        return Model(encoder, heads)

    first = model({})
    shares = np.stack([first.read(post.read).intents for post in unseen])
    sharpness["chance"] = calibrate.sharpness(np.log(shares + 1e-9), intents)
    thresholds = calibrate.thresholds(model({}), unseen)
    np.savez(folder / export.HEADS, **arrays)
    card = {
        "plan": plan,
        "fitted_to": len(known),
        "situations": situations,
        "sharpness": sharpness,
        "thresholds": thresholds,
        "known": {
            text: [round(float(x), 4) for x in encoder.encode_once(encodable(text))[:_KNOWN_NUMBERS]] for text in _KNOWN
        },
        "files": {name: _sha256(folder / name) for name in (*export.PARTS, export.HEADS)},
    }
    export.write_card(card, folder / CARD)
    features = gate_words(calibrate.lists())
    weights, bias = words_only.fit(known, features, names)
    plain = ByWords(features.matrix, names.intents, weights, bias, {})
    words_only.write(folder, weights, bias, names, calibrate.thresholds(plain, unseen))
    by_words(calibrate.lists())
    say(f"written to {folder.name}: {sum(p.stat().st_size for p in folder.iterdir()) / 1e6:.1f} MB; {thresholds}")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
