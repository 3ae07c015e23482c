"""Tables of users: text columns, missing values, text labels, no header."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """A CSV file and its properties."""

    name: str
    problem_type: str
    target: str
    header: bool
    rows: list[list[str]]
    columns: list[str]

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.name}.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            if self.header:
                writer.writerow(self.columns)
            writer.writerows(self.rows)
        return path

    def request(self) -> str:
        """Returns the features of one row as CSV, as a client sends them."""
        position = self.columns.index(self.target) if self.header else int(self.target)
        features = [value for index, value in enumerate(self.rows[0]) if index != position]
        return ",".join(f'"{value}"' if "," in value else value for value in features)


def subscriptions(rows: int = 400) -> Table:
    """Binary: text columns, missing values, labels `yes` and `no`."""
    draw = random.Random(7)  # noqa: S311 - test data, not a secret
    table = []
    for _ in range(rows):
        plan = draw.choice(["basic", "plus", "premium"])
        months = draw.randint(1, 60)
        complaints = draw.choice([0, 0, 0, 1, 2, 5])
        leaves = complaints * 1.2 - months / 20 + (plan == "basic") * 1.5 + draw.gauss(0, 0.4) > 0.4
        table.append(
            [
                plan if draw.random() > 0.05 else "",
                str(months) if draw.random() > 0.05 else "NA",
                str(complaints),
                draw.choice(["north", "south", "east, west"]),
                "yes" if leaves else "no",
            ]
        )
    columns = ["plan", "months", "complaints", "region", "left"]
    return Table("subscriptions", "binary", "left", True, table, columns)


def flowers(rows: int = 300) -> Table:
    """Multiclass: three text labels, the target in the first column."""
    draw = random.Random(11)  # noqa: S311 - test data, not a secret
    centres = {"setosa": (5.0, 1.5), "versicolor": (5.9, 4.3), "virginica": (6.6, 5.6)}
    table = []
    for index in range(rows):
        kind = list(centres)[index % 3]
        length, petal = centres[kind]
        sizes = (draw.gauss(length, 0.35), draw.gauss(petal, 0.4))
        table.append([kind, *(f"{size:.2f}" for size in sizes), draw.choice(["wet", "dry"])])
    return Table("flowers", "multiclass", "kind", True, table, ["kind", "sepal", "petal", "soil"])


def houses(rows: int = 400) -> Table:
    """Regression without a header: the target is the last column, by index."""
    draw = random.Random(13)  # noqa: S311 - test data, not a secret
    table = []
    for _ in range(rows):
        area, age = draw.uniform(40, 200), draw.randint(0, 90)
        town = draw.choice(["Ulm", "Bonn", "Jena"])
        price = 3.1 * area - 0.9 * age + {"Ulm": 40, "Bonn": 90, "Jena": 0}[town] + draw.gauss(0, 9)
        table.append(
            [f"{area:.1f}", str(age) if draw.random() > 0.05 else "", town, f"{price:.1f}"]
        )
    return Table("houses", "regression", "3", False, table, ["0", "1", "2", "3"])
