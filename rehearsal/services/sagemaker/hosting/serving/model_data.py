"""Container definitions of a model, and the model data that they name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from rehearsal.services.sagemaker.data.archive import extract
from rehearsal.services.sagemaker.data.failure import JobFailedError, UnsupportedError
from rehearsal.services.sagemaker.data.transfer import download, download_object


def refuse_unsupported(definition: Mapping[str, Any]) -> None:
    """Raises UnsupportedError for what a container definition of CreateModel may not ask for."""
    if definition.get("ImageConfig", {}).get("RepositoryAccessMode", "Platform") != "Platform":
        raise UnsupportedError("ImageConfig with RepositoryAccessMode Vpc", "Use an ECR image.")
    if definition.get("AdditionalModelDataSources"):
        raise UnsupportedError("AdditionalModelDataSources", "Pack all into one model.tar.gz.")
    if not definition.get("Image"):
        raise UnsupportedError(
            "a container definition without Image",
            "Resolve its ModelPackageName to the package's image and model data first.",
        )


def fetch_model(
    session: boto3.Session,
    definition: Mapping[str, Any],
    model: Path,
    archive: Path,
    hub_session: boto3.Session | None = None,
) -> None:
    """Puts ModelDataUrl (a model.tar.gz) or ModelDataSource into the directory `model`.

    `hub_session` reads what a hub gives access to (HubAccessConfig), `session` everything else.
    Raises JobFailedError in SageMaker's words.
    """
    source = definition.get("ModelDataSource", {}).get("S3DataSource")
    if hub_session is not None and source is not None and "HubAccessConfig" in source:
        session = hub_session
    url = source["S3Uri"] if source is not None else definition.get("ModelDataUrl")
    if not url:
        return  # the image holds all that it needs
    try:
        if source is not None and source["CompressionType"] == "None":
            download(session, url, model)
            return
        download_object(session, url, archive)
    except JobFailedError as error:
        raise JobFailedError(
            f"Failed to download model data for container from URL: {url}. Please ensure that "
            "there is an object located at the URL and that the role passed to CreateModel has "
            f"permissions to download the model. {error.reason}"
        ) from error
    extract(archive, model, origin=url)
    archive.unlink()
