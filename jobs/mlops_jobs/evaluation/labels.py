"""Spellings of labels: `1`, `1.0` and `1e0`, or `true` and `True`, are one label."""

from collections.abc import Iterable, Sequence


class Labels:
    """Labels of a model, found by any of their spellings.

    Args:
        names: the labels, in the order of the model's classes.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._exact = {name: code for code, name in enumerate(self.names)}
        self._canonical: dict[str, int] = {}
        for code, name in enumerate(self.names):
            self._canonical.setdefault(canonical(name), code)

    def code(self, text: str) -> int | None:
        """Returns the position of a label; None if it is not one of the model's.

        Args:
            text: a spelling of the label.
        """
        found = self._exact.get(text)
        return self._canonical.get(canonical(text)) if found is None else found


def canonical(text: str) -> str:
    """Returns one spelling for all spellings of a label.

    Args:
        text: a spelling.
    """
    text = text.strip()
    try:
        number = float(text)
    except ValueError:
        return text.casefold()
    if number.is_integer():
        return str(int(number))
    return repr(number)


def distinct(texts: Iterable[str]) -> list[str]:
    """Returns the first spelling of each label.

    Args:
        texts: spellings, in any order.
    """
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(canonical(text), text)
    return list(found.values())
