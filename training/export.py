"""From a fitted network to the files the product ships: eight bits for the layers, four for the words, sixteen for the
heads."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from training.base import HIDDEN, Base, blocks, numbers
from training.network import Network
from training.words import model_of

FOLDER = Path(__file__).parent.parent / "bot/model"
NETWORK, WORDS, PIECES, HEADS = "network.onnx", "words.npz", "pieces.model", "heads.npz"
PARTS = (NETWORK, WORDS, PIECES)


class _Alone(torch.nn.Module):
    """The body for one text: no padding, so no mask."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.body = network.body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


def rounded(network: Network) -> None:
    """Give the words the numbers they will have in four bits, so that what is measured is what is shipped."""
    with torch.no_grad():
        table = network.words.weight
        table.copy_(torch.from_numpy(numbers(*blocks(table.cpu().numpy()))))


def write_network(network: Network, base: Base, folder: Path) -> None:
    """Layers, words and pieces."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / NETWORK
        torch.onnx.export(
            _Alone(network).eval(),
            (torch.randn(1, 24, HIDDEN),),
            str(plain),
            input_names=["words"],
            output_names=["read"],
            dynamic_axes={"words": {1: "count"}, "read": {1: "count"}},
            opset_version=17,
            dynamo=False,
        )
        quantize_dynamic(str(plain), str(folder / NETWORK), per_channel=True, weight_type=QuantType.QInt8)
    fours, scale = blocks(network.words.weight.detach().numpy())
    places = network.places.detach().numpy().astype(np.float16)
    np.savez(folder / WORDS, fours=fours, scale=scale, places=places)
    (folder / PIECES).write_bytes(model_of(base))


def write_card(card: Mapping[str, Any], path: Path) -> None:
    """What the product has to know of the model."""
    path.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
