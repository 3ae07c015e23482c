"""Long lists of labels and predictions in a few bytes for each row."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from mlops_jobs.monitoring.traffic.predictions import Prediction

_NUMBER = -1  # code of a string that is stored as a number


class Texts(Sequence[str]):
    """Strings that repeat or are numbers, in 4 to 16 bytes each.

    Args:
        texts: the first strings. Defaults to none.
    """

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._codes = array("i")
        self._known: dict[str, int] = {}
        self._texts: list[str] = []
        self._numbers = array("d")
        self._places = array("q")  # of the numbers, once there is one
        self.extend(texts)

    def append(self, text: str) -> None:
        """Adds a string.

        Args:
            text: the string.
        """
        code = self._known.get(text)
        if code is None:
            code = self._new(text)
        if self._places or code == _NUMBER:
            self._start_places()
            self._places.append(len(self._numbers) - 1)
        self._codes.append(code)

    def _new(self, text: str) -> int:
        try:
            number = float(text)
        except ValueError:
            number = 0.0
        # Labels such as 0 and 1 repeat; values of a regression rarely do.
        if "." in text and repr(number) == text:
            self._numbers.append(number)
            return _NUMBER
        code = self._known[text] = len(self._texts)
        self._texts.append(text)
        return code

    def _start_places(self) -> None:
        missing = len(self._codes) - len(self._places)
        self._places.extend([0] * missing)

    def extend(self, texts: Iterable[str]) -> None:
        """Adds strings.

        Args:
            texts: the strings.
        """
        for text in texts:
            self.append(text)

    def __len__(self) -> int:
        return len(self._codes)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> list[str]: ...

    def __getitem__(self, at: int | slice) -> str | list[str]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        code = self._codes[at]
        return repr(self._numbers[self._places[at]]) if code == _NUMBER else self._texts[code]

    def __iter__(self) -> Iterator[str]:
        return (self[at] for at in range(len(self)))


class Predictions(Sequence[Prediction]):
    """Predictions, in some 30 bytes each.

    Args:
        predictions: the first predictions. Defaults to none.
    """

    def __init__(self, predictions: Iterable[Prediction] = ()) -> None:
        self._labels = Texts()
        self._scores = array("d")
        self._ends = array("q")
        self._names = array("i")  # of the labels of the scores
        self._known: dict[tuple[str, ...], int] = {}
        self.extend(predictions)

    def append(self, prediction: Prediction) -> None:
        """Adds a prediction.

        Args:
            prediction: the prediction.
        """
        names = tuple(prediction.by_label)
        self._labels.append(prediction.label)
        self._names.append(self._known.setdefault(names, len(self._known)))
        self._scores.extend(prediction.by_label.values() if names else prediction.scores)
        self._ends.append(len(self._scores))

    def extend(self, predictions: Iterable[Prediction]) -> None:
        """Adds predictions.

        Args:
            predictions: the predictions.
        """
        for prediction in predictions:
            self.append(prediction)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, at: int) -> Prediction: ...

    @overload
    def __getitem__(self, at: slice) -> list[Prediction]: ...

    def __getitem__(self, at: int | slice) -> Prediction | list[Prediction]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        scores = self._scores[self._ends[at - 1] if at else 0 : self._ends[at]]
        names = list(self._known)[self._names[at]]
        if names:
            return Prediction(
                label=self._labels[at], by_label=dict(zip(names, scores, strict=True))
            )
        return Prediction(label=self._labels[at], scores=tuple(scores))

    def __iter__(self) -> Iterator[Prediction]:
        return (self[at] for at in range(len(self)))
