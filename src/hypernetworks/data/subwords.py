"""The shared subword model of a pair of languages: byte pair encoding, by sentencepiece.

GNMT's own wordpiece model is not public; this is of the same kind and size.
"""

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from hypernetworks.data.errors import DataError

UNKNOWN, BEGIN, END = 0, 1, 2
COVERAGE = 0.99999  # of the text's characters; rarer ones are unknown
LARGEST = 65_536  # ids are kept in 16 bits


class Subwords:
    """Text as subword ids, and back.

    Args:
        model: sentencepiece's file, as bytes.
    Attributes:
        sha256: of the model.
    Raises:
        DataError: if it is none, or its special ids are others.
    """

    def __init__(self, model: bytes) -> None:
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise DataError("this is no subword model of sentencepiece") from error
        special = tuple(
            getattr(self._processor, name)() for name in ("unk_id", "bos_id", "eos_id", "pad_id")
        )
        if special != (UNKNOWN, BEGIN, END, -1):
            raise DataError(
                f"the subword model's ids of unknown, begin, end and padding are {special} instead "
                f"of {(UNKNOWN, BEGIN, END, -1)}"
            )
        self.model = model
        self.sha256 = hashlib.sha256(model).hexdigest()

    @classmethod
    def train(cls, sentences: Iterable[str], size: int) -> "Subwords":
        """The model of a text in both languages, the same for the same text.

        Args:
            size: how many subwords, the special ones among them.
        Raises:
            DataError: if the text has not that many, or not that few characters.
        """
        check_size(size)
        found = io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(sentences),
                model_writer=found,
                model_type="bpe",
                vocab_size=size,
                character_coverage=COVERAGE,
                unk_id=UNKNOWN,
                bos_id=BEGIN,
                eos_id=END,
                pad_id=-1,
                num_threads=1,  # stands in the model
                minloglevel=2,
            )
        except (RuntimeError, OSError) as error:
            reason = str(error).rpartition("] ")[2] or "the text is empty"
            raise DataError(
                f"dataset.subwords={size}: no subword model of that size can be made of this text: "
                f"{reason}"
            ) from error
        return cls(found.getvalue())

    @classmethod
    def read(cls, path: Path, sha256: str) -> "Subwords":
        """The model in a file.

        Args:
            sha256: what its checksum must be: that of a checkpoint, or of encoded text.
        Raises:
            DataError: if it cannot be read, or is another model.
        """
        try:
            model = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        found = hashlib.sha256(model).hexdigest()
        if found != sha256:
            raise DataError(
                f"{path}: SHA-256 {found} instead of {sha256}: not the subword model of this run; "
                "its ids would stand for other words"
            )
        return cls(model)

    def __len__(self) -> int:
        return self._processor.get_piece_size()

    def encode(self, sentences: Sequence[str]) -> list[list[int]]:
        """The ids of each sentence, without marks of begin and end."""
        return self._processor.encode(list(sentences), num_threads=1)

    def decode(self, ids: Sequence[int]) -> str:
        """The sentence of ids, its words between single spaces, without marks of begin and end."""
        return " ".join(self._processor.decode(list(map(int, ids))).split())

    def to_record(self) -> dict[str, object]:
        """How many there are, and the model's checksum."""
        return {"size": len(self), "model": "sentencepiece bpe", "sha256": self.sha256}


def check_size(size: int) -> None:
    """Raises DataError if there can be no such subword model."""
    if not 4 <= size <= LARGEST:
        raise DataError(f"dataset.subwords={size}: choose 4 to {LARGEST:,}")
