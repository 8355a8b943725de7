"""The reader for where there is no model: one linear head on hashed words and letters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from bot.reader import WORDS_ONLY
from responders.understanding.features import Features
from training.corpus import Labelled
from training.fit import Names, targets

_STEPS, _RATE, _RIDGE = 300, 0.05, 2e-5


def fit(posts: Sequence[Labelled], features: Features, names: Names) -> tuple[np.ndarray, np.ndarray]:
    """Weights (numbers, intents) and bias of a softmax head; rare intents count more."""
    torch.manual_seed(7)
    rows = torch.from_numpy(features.matrix([post.text for post in posts]))
    want = targets(posts, names)["intent"]
    label = want.argmax(1)
    weight = 1 / torch.bincount(label, minlength=len(names.intents)).clamp(min=1).float().sqrt()
    head = torch.nn.Linear(rows.shape[1], len(names.intents))
    optimizer = torch.optim.Adam(head.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    for _ in range(_STEPS):
        loss = -(weight[label] * (want * functional.log_softmax(head(rows), 1)).sum(1)).sum() / weight[label].sum()
        loss = loss + _RIDGE * (head.weight**2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return head.weight.detach().numpy().T.copy(), head.bias.detach().numpy().copy()


def write(folder: Path, weights: np.ndarray, bias: np.ndarray, names: Names, thresholds: Mapping[str, float]) -> None:
    """The file that `bot.reader.by_words` reads."""
    np.savez_compressed(
        folder / WORDS_ONLY,
        weights=weights.astype(np.float16),
        bias=bias.astype(np.float16),
        names=np.array(json.dumps(names.intents)),
        thresholds=np.array(json.dumps(thresholds)),
    )
