"""A sample of any number of rows, in bounded memory."""

from collections.abc import Iterable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Sample(Generic[Item]):
    """Evenly spaced items of any number of items.

    Args:
        enough: number of items. All items are kept until there are twice as many; afterwards the
            sample has between this number and twice this number.
    """

    def __init__(self, enough: int) -> None:
        self.items: list[Item] = []
        self._most = 2 * enough
        self._step = 1
        self._seen = 0

    def extend(self, items: Iterable[Item]) -> None:
        """Adds items.

        Args:
            items: the items, in the order of the traffic.
        """
        for item in items:
            if self._seen % self._step == 0:
                self.items.append(item)
            self._seen += 1
            if len(self.items) > self._most:
                self.items = self.items[::2]
                self._step *= 2
