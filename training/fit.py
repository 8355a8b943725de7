"""Fitting the network: all heads together, on all posts of the communities that are not set apart."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.base import HIDDEN, PAD, Base
from training.corpus import MOODS, TELLS, Labelled, situations
from training.network import Network
from training.words import Words

SECOND = 0.25
"""Share of the target that goes to another reading a careful person would accept."""
SMOOTHED = 0.05
_WARMTH = 0.1
"""Of likenesses as chances."""
NONE = -100
"""Label of what nobody said; it counts for nothing."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How to fit."""

    epochs: int = 10
    epochs_without_gpu: int = 7
    """So many stay under an hour on two cores; each of the others is worth a few tenths of a point."""
    batch: int = 64
    rate: float = 4e-4
    warm_up: float = 0.1
    decay: float = 0.01
    dropout: float = 0.1
    layers: int = 12
    kept: float = 1.0
    """Weight of staying near what the base model says a text means."""
    seed: int = 7
    lowered: float = 0.15
    """Share of posts that are read without their capital letters, and `bare` without their signs, in each epoch."""
    bare: float = 0.1


@dataclass(frozen=True)
class Names:
    """The labels of each head, in the order of its scores."""

    intents: tuple[str, ...]
    situations: tuple[str, ...]
    of: tuple[int, ...]
    """Situation -> its intent."""

    @classmethod
    def read(cls) -> Names:
        """From the one list."""
        found = situations()
        pairs = [(name, i) for i, intent in enumerate(found) for name in found[intent]]
        return cls(tuple(found), tuple(name for name, _ in pairs), tuple(i for _, i in pairs))


def device() -> torch.device:
    """A GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def batches(
    texts: Sequence[tuple[list[int], int]], order: Sequence[int], size: int
) -> Iterator[tuple[list[int], Tensor, Tensor, Tensor]]:
    """(which, ids, real, own) of texts of about one length each."""
    for start in range(0, len(order), size):
        part = list(order[start : start + size])
        longest = max(len(texts[i][0]) for i in part)
        ids = torch.full((len(part), longest), PAD)
        own = torch.zeros(len(part), longest, dtype=torch.bool)
        for row, i in enumerate(part):
            ids[row, : len(texts[i][0])] = torch.tensor(texts[i][0])
            own[row, : texts[i][1]] = True
        yield part, ids, ids != PAD, own


def run(network: Network, words: Words, texts: Sequence[str]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The scores of each head, and the means."""
    where = next(network.parameters()).device
    coded = [words.encode(text) for text in texts]
    order = sorted(range(len(coded)), key=lambda i: len(coded[i][0]))
    network.eval()
    scores: dict[str, np.ndarray] = {}
    means = np.zeros((len(texts), HIDDEN), np.float32)
    with torch.no_grad(), torch.autocast(where.type, torch.bfloat16):
        for part, ids, real, own in batches(coded, order, 128):
            mean = network.mean(ids.to(where), real.to(where), own.to(where)).float()
            means[part] = mean.cpu().numpy()
            for name, head in network.heads.items():
                got = head(mean).float().cpu().numpy()
                scores.setdefault(name, np.zeros((len(texts), got.shape[1]), np.float32))[part] = got
    return scores, means


def targets(posts: Sequence[Labelled], names: Names) -> dict[str, Tensor]:
    """What each head should say."""
    intents = torch.full((len(posts), len(names.intents)), SMOOTHED / len(names.intents))
    place = {name: i for i, name in enumerate(names.situations)}
    rows = {
        "situation": [place.get(p.situation or "", NONE) for p in posts],
        "mood": [MOODS.index(p.mood) if p.mood else NONE for p in posts],
    }
    for row, post in enumerate(posts):
        other = names.intents.index(post.second) if post.second else None
        intents[row, names.intents.index(post.intent)] += (1 - SMOOTHED) * (1 - (SECOND if post.second else 0))
        if other is not None:
            intents[row, other] += (1 - SMOOTHED) * SECOND
    tells = torch.tensor([[NONE if p.tells is None else float(t in p.tells) for t in TELLS] for p in posts])
    return {"intent": intents, **{k: torch.tensor(v) for k, v in rows.items()}, "tells": tells}


def loss(scores: dict[str, Tensor], want: dict[str, Tensor], weight: Tensor, plan: Plan) -> Tensor:
    """All heads together."""
    intent = -(want["intent"] * functional.log_softmax(scores["intent"], 1)).sum(1)
    total = (weight * intent).sum() / weight.sum()
    for name, share in (("situation", 1.0), ("mood", 0.5)):
        if (want[name] != NONE).any():
            total = total + share * functional.cross_entropy(
                scores[name], want[name], ignore_index=NONE, label_smoothing=SMOOTHED
            )
    known = want["tells"] != NONE
    if known.any():
        told = functional.binary_cross_entropy_with_logits(scores["tells"], want["tells"].clamp(0, 1), reduction="none")
        total = total + 0.5 * told[known].mean() * len(TELLS) / 2
    if plan.kept:
        total = total + plan.kept * _forgotten(scores["meaning"], want["meaning"])
    return total


def _forgotten(meaning: Tensor, kept: Tensor) -> Tensor:
    """How far the meanings of a batch are from those of the base model, each by itself and among each other."""
    mine, theirs = functional.normalize(meaning, dim=1), functional.normalize(kept, dim=1)
    apart = (1 - (mine * theirs).sum(1)).mean()
    itself = torch.eye(len(mine), dtype=torch.bool, device=mine.device)
    among = [(x @ x.T / _WARMTH).masked_fill(itself, -1e4) for x in (mine, theirs)]
    return apart + functional.kl_div(
        functional.log_softmax(among[0], 1), functional.log_softmax(among[1], 1), log_target=True, reduction="batchmean"
    )


def fit(base: Base, words: Words, posts: Sequence[Labelled], plan: Plan, say: Callable[[str], None]) -> Network:
    """A network fitted to the posts."""
    torch.manual_seed(plan.seed)
    random.seed(plan.seed)
    where, names = device(), Names.read()
    sizes = {"intent": len(names.intents), "situation": len(names.situations), "mood": len(MOODS), "tells": len(TELLS)}
    want = targets(posts, names)
    if plan.kept:
        sizes["meaning"] = HIDDEN
        _, means = run(Network(base, {}).to(where), words, [f"query: {p.read}" for p in posts])
        # What all texts share would hide how they differ.
        want["meaning"] = torch.from_numpy(means - means.mean(0))
    want = {name: target.to(where) for name, target in want.items()}
    network = Network(base, sizes, layers=plan.layers, dropout=plan.dropout).to(where)
    count = torch.bincount(torch.tensor([names.intents.index(p.intent) for p in posts]), minlength=len(names.intents))
    weights = 1 / count.clamp(min=1).float().sqrt()
    weight = torch.tensor([float(weights[names.intents.index(p.intent)]) for p in posts]).to(where)
    decays = [p for n, p in network.named_parameters() if p.ndim > 1]
    rest = [p for n, p in network.named_parameters() if p.ndim <= 1]
    heads = [p for n, p in network.named_parameters() if n.startswith("heads.") and p.ndim > 1]
    own = {id(p) for p in heads}
    groups = [
        {"params": [p for p in decays if id(p) not in own], "weight_decay": plan.decay},
        {"params": heads, "weight_decay": plan.decay, "lr": plan.rate * 10},
        {"params": rest, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=plan.rate, fused=True)
    epochs = plan.epochs if where.type == "cuda" else plan.epochs_without_gpu
    steps = epochs * math.ceil(len(posts) / plan.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: min((s + 1) / (plan.warm_up * steps), max(0.0, (steps - s) / (steps * (1 - plan.warm_up))))
    )
    started = time.monotonic()
    for epoch in range(epochs):
        network.train()
        coded = [words.encode(_varied(p, plan)) for p in posts]
        order = _mixed(coded, plan.batch)
        total, n = 0.0, 0
        for part, ids, real, own_words in batches(coded, order, plan.batch):
            with torch.autocast(where.type, torch.bfloat16):
                scores = network(ids.to(where), real.to(where), own_words.to(where))
            scores = {name: s.float() for name, s in scores.items()}
            which = torch.tensor(part, device=where)
            value = loss(scores, {k: v[which] for k, v in want.items()}, weight[which], plan)
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total, n = total + float(value.detach()), n + 1
        say(f"epoch {epoch + 1}/{epochs}: loss {total / n:.3f}, {time.monotonic() - started:.0f} s")
    return network


def _mixed(coded: Sequence[tuple[list[int], int]], size: int) -> list[int]:
    """Shuffled, with texts of about one length side by side, so that little is padding."""
    order = list(range(len(coded)))
    random.shuffle(order)
    shelf = size * 50
    sorted_shelves = [sorted(order[i : i + shelf], key=lambda j: len(coded[j][0])) for i in range(0, len(order), shelf)]
    parts = [s[i : i + size] for s in sorted_shelves for i in range(0, len(s), size)]
    random.shuffle(parts)
    return [i for part in parts for i in part]


def _varied(post: Labelled, plan: Plan) -> str:
    text = post.read
    if random.random() < plan.lowered:  # noqa: S311 - to train, not to guard
        text = text.lower()
    if random.random() < plan.bare:  # noqa: S311 - as above
        text = "".join(c for c in text if c.isalnum() or c.isspace()) or text
    return text
