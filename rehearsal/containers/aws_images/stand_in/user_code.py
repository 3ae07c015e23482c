"""The code of the user: a script or folder that SageMaker's toolkits download and run."""

import os
import subprocess
import sys
import tarfile
import tempfile
import urllib.parse
from pathlib import Path

CODE = Path("/opt/ml/code")


def fetch(uri: str, target: Path = CODE) -> Path:
    """Returns the folder of the code at a URI: an S3 object, an archive or a folder.

    Args:
        uri: an archive `sourcedir.tar.gz` in S3, or a path of the container.
        target: the folder to which an archive is extracted. Defaults to /opt/ml/code.
    """
    if not uri.startswith("s3://"):
        path = Path(uri)
        if path.is_dir():
            return path
        _extract(path, target)
        return target
    import boto3

    parts = urllib.parse.urlsplit(uri)
    with tempfile.TemporaryDirectory() as directory:
        archive = Path(directory, "sourcedir.tar.gz")
        region = os.environ.get("AWS_REGION")
        client = boto3.client("s3", region_name=region)
        client.download_file(parts.netloc, parts.path.lstrip("/"), str(archive))
        _extract(archive, target)
    return target


def _extract(archive: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")


def install_requirements(folder: Path) -> None:
    """Installs requirements.txt of the user, if there is one.

    Raises:
        RuntimeError: pip failed.
    """
    if not (folder / "requirements.txt").exists():
        return
    command = [sys.executable, "-m", "pip", "install", "-r", "requirements.txt"]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        raise RuntimeError(
            "InstallRequirementsError: pip could not install requirements.txt. Jobs and endpoints "
            "of the rehearsal reach AWS only, and no package registry: build an image with the "
            "packages, or use those of the image."
        )
