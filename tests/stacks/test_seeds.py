import json
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

from stacks.seeds import Seeds, seed_code, seeds_by_record
from stacks.settings.names import Seed
from stacks.wheels import ROOT

# CodeCommit's CreateCommit takes 100 files, and CloudFormation has been seen to seed 186. A seed
# is read by users; more files than these should be a decision.
MAX_FILES = {"model_build": 120, "model_deploy": 80}


@pytest.fixture(scope="module", params=list(Seed))
def seeds(request: pytest.FixtureRequest) -> Seeds:
    return seed_code()[request.param]


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


def test_each_file_of_a_repository_is_in_one_folder_of_seed_code(seeds: Seeds) -> None:
    build = seeds.model_build
    assert not {path for path in build.extra_files if (build.folder / path).exists()}
    assert {
        path.name for path in build.extra_files.values() if "__pycache__" in path.parts
    } == set()
    assert {"README.md", "config.yaml", "Dockerfile", "pipeline/program.py"} <= build.files().keys()


def test_a_repository_has_each_module_that_its_code_imports(seeds: Seeds) -> None:
    """A new module of model_build may have to be shared."""
    files = seeds.model_build.files()
    code = [file.read_text() for path, file in files.items() if path.endswith(".py")]
    named = {
        module
        for text in code
        for module in re.findall(r"^ *(?:from|import) ((?:pipeline|tests)(?:\.\w+)+)", text, re.M)
    }
    named |= {
        f"pipeline.{name.strip()}"
        for text in code
        for names in re.findall(r"^ *from pipeline import ([\w, ]+)", text, re.M)
        for name in re.sub(r" as \w+", "", names).split(",")
    }
    assert len(named) > 10
    assert not {one for one in named if one.replace(".", "/") + ".py" not in files}


def test_repositories_record_the_name_and_version_of_their_seed() -> None:
    every = seed_code()
    seeds = every[Seed.TABULAR]
    found = seeds_by_record(every)

    assert list(found) == [f"{name}/model_{kind}" for name in Seed for kind in ("build", "deploy")]
    record = json.loads(seeds.model_build.contents()[".seed.json"])
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert (record["name"], record["version"]) == ("tabular/model_build", version)
    assert any(path.startswith("wheels/mlops_jobs-") for path in record["files"])


def test_threads_of_xgboost_do_not_occupy_cores_while_they_wait(seeds: Seeds) -> None:
    """Two trials that share two cores took thirty times as long."""
    files = seeds.model_build.files()
    if "xgboost" not in files["requirements.txt"].read_text():
        pytest.skip("the image has no XGBoost")
    assert re.search(r"^ +OMP_WAIT_POLICY=PASSIVE", files["Dockerfile"].read_text(), re.M)
    build = yaml.safe_load(files["buildspecs/test.yml"].read_text())
    assert build["env"]["variables"]["OMP_WAIT_POLICY"] == "PASSIVE"


def test_a_build_installs_its_environment_once(seeds: Seeds) -> None:
    """Builds that start together wait for the first one; later ones only look for a file."""
    for seed in (seeds.model_build, seeds.model_deploy):
        specs = {path: file for path, file in seed.files().items() if path.startswith("buildspecs")}
        for path, file in specs.items():
            if not path.endswith(".yml"):
                continue
            commands = yaml.safe_load(file.read_text())["phases"]["install"]["commands"]
            installing = [command for command in commands if "uv venv" in command]
            assert installing, path
            for command in installing:
                lines = [line.strip() for line in command.splitlines()]
                assert lines.index("flock 9") < lines.index('test ! -e "$VENV/complete" || exit 0')
                assert lines[-2:] == ['touch "$VENV/complete"', ') 9> "$VENV.lock"'], path


def test_an_image_has_compiled_what_its_jobs_import(seeds: Seeds) -> None:
    """A container writes no compiled modules, so each job would compile them anew."""
    files = seeds.model_build.files()
    (imported,) = re.findall(r'-c "import ([^"]+)"', files["Dockerfile"].read_text())
    compiled = {name.split(".")[0] for name in re.split(r"[,\s\\]+", imported)}
    installed = re.findall(r"^([a-z0-9-]+)", files["requirements.in"].read_text(), re.M)
    # The others are parts of these, or are not imported by name.
    jobs = {"boto3", "keras", "mlflow-skinny", "orjson", "polars", "sagemaker-mlflow", "uvicorn"}
    needed = {name.removesuffix("-skinny").replace("-", "_") for name in jobs & {*installed}}
    assert needed <= compiled
