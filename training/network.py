"""The network of the reader: the base model and, on the mean of a post's words, one linear head for each thing read."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.base import HEADS, HIDDEN, INNER, LAYERS, POSITIONS, Base

_TINY = 1e-12


class Layer(nn.Module):
    """One layer of a BERT: attention, then two dense ones, each added and normalised."""

    def __init__(self, dropout: float) -> None:
        """As in the base model."""
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=_TINY)
        self.inner = nn.Linear(HIDDEN, INNER)
        self.outer = nn.Linear(INNER, HIDDEN)
        self.last_norm = nn.LayerNorm(HIDDEN, eps=_TINY)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, words, 384) -> the same."""
        batch, words, _ = x.shape
        q, k, v = self.qkv(x).view(batch, words, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        dropout = self.drop.p if self.training else 0.0
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=dropout)
        x = self.norm(x + self.drop(self.out(seen.transpose(1, 2).reshape(batch, words, HIDDEN))))
        return self.last_norm(x + self.drop(self.outer(functional.gelu(self.inner(x)))))


class Body(nn.Module):
    """The layers, from the sum of a word's and its place's numbers on: what is exported."""

    def __init__(self, layers: int, dropout: float) -> None:
        """`layers`: of the base model's twelve."""
        super().__init__()
        self.norm = nn.LayerNorm(HIDDEN, eps=_TINY)
        self.drop = nn.Dropout(dropout)
        self.layers = nn.ModuleList(Layer(dropout) for _ in range(layers))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, words, 384) -> the same."""
        x = self.drop(self.norm(x))
        for layer in self.layers:
            x = layer(x, mask)
        return x


class Network(nn.Module):
    """Word numbers in, for each head its scores out."""

    def __init__(self, base: Base, heads: Mapping[str, int], *, layers: int = LAYERS, dropout: float = 0.1) -> None:
        """`heads`: name -> how many scores. With fewer `layers` the kept ones are spread over the base model's."""
        super().__init__()
        self.words = nn.Embedding.from_pretrained(torch.from_numpy(base.words), freeze=False)
        places = torch.from_numpy(base.tensors["emb.pos"].reshape(-1, HIDDEN)[:POSITIONS].copy())
        kind = torch.from_numpy(base.tensors["emb.type"].reshape(-1, HIDDEN)[0].copy())
        self.places = nn.Parameter(places + kind)
        self.body = Body(layers, dropout)
        self.drop = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(HIDDEN, size) for name, size in heads.items()})
        self._take_over(base)

    def _take_over(self, base: Base) -> None:
        of = base.tensors
        sizes = {"fi.w": (INNER, HIDDEN), "fo.w": (HIDDEN, INNER)}

        def put(target: Tensor, *names: str) -> None:
            parts = [
                of[n].reshape(
                    sizes.get(n.split(".", 1)[1], (HIDDEN, HIDDEN)) if n.endswith(".w") and "ln" not in n else -1
                )
                for n in names
            ]
            with torch.no_grad():
                target.copy_(torch.cat([torch.from_numpy(part.copy()) for part in parts]))

        put(self.body.norm.weight, "emb.ln.w")
        put(self.body.norm.bias, "emb.ln.b")
        count = len(self.body.layers)
        for i, layer in enumerate(self.body.layers):
            n = f"l{round(i * (LAYERS - 1) / max(1, count - 1))}"
            put(layer.qkv.weight, f"{n}.q.w", f"{n}.k.w", f"{n}.v.w")
            put(layer.qkv.bias, f"{n}.q.b", f"{n}.k.b", f"{n}.v.b")
            for part, name in (
                (layer.out, "ao"),
                (layer.norm, "aln"),
                (layer.inner, "fi"),
                (layer.outer, "fo"),
                (layer.last_norm, "oln"),
            ):
                put(part.weight, f"{n}.{name}.w")
                put(part.bias, f"{n}.{name}.b")

    def mean(self, ids: Tensor, real: Tensor, own: Tensor) -> Tensor:
        """(batch, words) -> (batch, 384): the mean over the post's `own` words; `real` ones are no padding."""
        x = self.body(self.words(ids) + self.places[: ids.shape[1]], real[:, None, None, :])
        weight = own.unsqueeze(-1).to(x.dtype)
        return (x * weight).sum(1) / weight.sum(1)

    def forward(self, ids: Tensor, real: Tensor, own: Tensor) -> dict[str, Tensor]:
        """Head -> its scores."""
        mean = self.drop(self.mean(ids, real, own))
        return {name: head(mean) for name, head in self.heads.items()}
