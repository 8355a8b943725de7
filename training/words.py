"""Words to numbers: the base model's pieces as a model for the library sentencepiece."""

from __future__ import annotations

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto

from training.base import END, PAD, START, UNKNOWN, Base

POST, BEFORE = 96, 30
"""Pieces of a post and of what was said before it that are read."""


def model_of(base: Base) -> bytes:
    """The serialised sentencepiece model. Texts come normalised (NFKC), so that it has no table for that."""
    model = proto.ModelProto()
    kinds = {START: "CONTROL", PAD: "CONTROL", END: "CONTROL", UNKNOWN: "UNKNOWN"}
    for i, (piece, score) in enumerate(zip(base.pieces, base.scores, strict=True)):
        kind = getattr(proto.ModelProto.SentencePiece, kinds.get(i, "NORMAL"))
        model.pieces.add(piece=piece, score=float(score), type=kind)
    model.trainer_spec.model_type = proto.TrainerSpec.UNIGRAM
    model.trainer_spec.vocab_size = len(base.pieces)
    model.trainer_spec.bos_id, model.trainer_spec.pad_id = START, PAD
    model.trainer_spec.eos_id, model.trainer_spec.unk_id = END, UNKNOWN
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = True
    model.normalizer_spec.escape_whitespaces = True
    return bytes(model.SerializeToString())


class Words:
    """As the product reads: the post between its marks, then what was said before it."""

    def __init__(self, model: bytes) -> None:
        """`model`: of `model_of`."""
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)

    def encode(self, text: str) -> tuple[list[int], int]:
        """The numbers, and how many of them are the post's own. A line break stands before what was said before."""
        post, _, before = text.partition("\n")
        own = [START, *self._processor.encode(post)[:POST], END]
        more = [END, *self._processor.encode(before)[:BEFORE], END] if before else []
        return own + more, len(own)

    def pieces(self, ids: list[int]) -> list[str]:
        """The same as text, to look at."""
        return [self._processor.id_to_piece(i) for i in ids]
