import json
import tomllib
import zipfile
from pathlib import Path

import pytest

from stacks.seeds import Seeds, seed_code, seeds_by_record
from stacks.settings.names import Seed
from stacks.wheels import ROOT

# CodeCommit's CreateCommit takes 100 files, and CloudFormation has been seen to seed 186. A seed
# is read by users; more files than these should be a decision.
MAX_FILES = {"model_build": 120, "model_deploy": 50}


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return seed_code()[Seed.TABULAR]


def test_no_file_of_a_seed_is_empty(seeds: Seeds, tmp_path: Path) -> None:
    for seed in (seeds.model_build, seeds.model_deploy):
        seed.write_zip(tmp_path / "seed.zip")
        with zipfile.ZipFile(tmp_path / "seed.zip") as archive:
            assert not [one.filename for one in archive.infolist() if not one.file_size]


def test_a_seed_is_small(seeds: Seeds) -> None:
    for name, limit in MAX_FILES.items():
        files = getattr(seeds, name).files()
        assert 10 < len(files) <= limit, name
        assert sum(file.stat().st_size for file in files.values()) < 2 * 1024 * 1024, name


def test_repositories_record_the_name_and_version_of_their_seed(seeds: Seeds) -> None:
    found = seeds_by_record({Seed.TABULAR: seeds})

    assert list(found) == ["tabular/model_build", "tabular/model_deploy"]
    record = json.loads(seeds.model_build.contents()[".seed.json"])
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (record["name"], record["version"]) == ("tabular/model_build", version)
    assert any(path.startswith("wheels/mlops_jobs-") for path in record["files"])
