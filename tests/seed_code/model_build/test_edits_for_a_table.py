"""The edits of `config.yaml` that a new table needs."""

import csv
import gzip
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from seed_code.model_build.tests.conftest import run_preprocess

SEED = Path(__file__).parents[3] / "seed_code/model_build"
MAX_EDITS = 3

READ = """
import json, sys
from pathlib import Path
from pipeline.configuration import read_configuration
for file in sys.argv[1:]:
    read = read_configuration(Path(file))
    print(json.dumps([read.data.model_dump(), read.objective.model_dump()], default=str))
"""


def customers() -> tuple[str, bytes]:
    dice = random.Random(1)  # noqa: S311  reproducible, not secret
    lines = ["id;since;income;churned"]
    for at in range(300):
        income = dice.uniform(1000, 9000)
        label = "yes" if income > 5000 else "no"
        day = f"{1 + at % 28:02d}.{1 + at % 12:02d}.2025"
        lines.append(f"c-{at};{day};{f'{income:.1f}'.replace('.', ',')};{label}")
    return "customers.csv", "\n".join(lines).encode()


def species() -> tuple[str, bytes]:
    dice = random.Random(2)  # noqa: S311  reproducible, not secret
    lines = ["length,width,species"]
    for at in range(300):
        name = "rare" if at % 60 == 0 else ("oak", "elm")[at % 2]
        lines.append(f"{dice.gauss(at % 2, 0.2):.3f},{dice.random():.3f},{name}")
    return "species.csv.gz", gzip.compress("\n".join(lines).encode())


def houses(folder: Path) -> tuple[str, bytes]:
    dice = random.Random(3)  # noqa: S311  reproducible, not secret
    rooms = [dice.randint(1, 9) for _ in range(300)]
    frame = pl.DataFrame(
        {
            "price": [count * 50_000 + dice.gauss(0, 9_000) for count in rooms],
            "rooms": rooms,
            "town": [dice.choice(["Łódź", "Oslo"]) for _ in rooms],
        }
    )
    frame.write_parquet(folder / "houses.parquet")
    return "houses.parquet", (folder / "houses.parquet").read_bytes()


CASES: dict[str, tuple[dict[str, str], str, int]] = {
    "customers": (
        {"uri": '"s3://bucket/customers.csv"', "target": "churned", "delimiter": '";"'},
        "binary",
        4,
    ),
    "species": ({"uri": '"s3://bucket/species.csv.gz"', "target": "species"}, "multiclass", 3),
    "houses": ({"uri": '"s3://bucket/houses.parquet"', "target": "price"}, "regression", 3),
}


def edited(edits: dict[str, str]) -> str:
    """Returns the shipped file with one line changed or added for each edit."""
    lines = (SEED / "config.yaml").read_text(encoding="utf-8").splitlines()
    for key, value in edits.items():
        at = [place for place, line in enumerate(lines) if line.startswith(f"  {key}:")]
        if at:
            lines[at[0]] = f"  {key}: {value}"
        else:
            lines.insert(lines.index("data:") + 1, f"  {key}: {value}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def configurations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Data and objective of each edited file, as the train build reads them."""
    folder = tmp_path_factory.mktemp("configurations")
    for name, (edits, _, _) in CASES.items():
        (folder / f"{name}.yaml").write_text(edited(edits), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", READ, *(str(folder / f"{name}.yaml") for name in CASES)],
        cwd=SEED,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(["src", ".", str(SEED.parents[1] / "jobs")])},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(CASES, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_a_table_needs_three_edits_at_most(
    name: str, configurations: dict[str, Any], tmp_path: Path
) -> None:
    edits, problem_type, columns = CASES[name]
    assert len(edits) <= MAX_EDITS
    data, objective = configurations[name]
    assert objective == {"metric": None, "threshold": None, "margin": 0}
    (tmp_path / "raw").mkdir()
    if name == "houses":
        file, content = houses(tmp_path)
    else:
        file, content = customers() if name == "customers" else species()
    (tmp_path / "raw" / file).write_bytes(content)
    arguments = [f"--delimiter={data['delimiter']}", f"--encoding={data['encoding']}"]
    output = run_preprocess(tmp_path, *arguments, target=f"name:{data['target']}")
    schema = json.loads((output / "train/schema.json").read_bytes())
    assert schema["problem_type"] == problem_type
    with (output / "test/holdout.csv").open(encoding="utf-8", newline="") as stream:
        assert len(next(csv.reader(stream))) == columns
