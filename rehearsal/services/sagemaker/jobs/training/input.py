"""What a training container finds below /opt/ml/input, and what the rehearsal cannot provide."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from rehearsal.services.sagemaker.data.failure import UnsupportedError
from rehearsal.services.sagemaker.data.transfer import download
from rehearsal.services.sagemaker.jobs.job import HOST, refuse_members, write_json

_UNSUPPORTED = {
    "DebugHookConfig": "Leave it out.",
    "DebugRuleConfigurations": "Leave them out.",
    "TensorBoardOutputConfig": "Write to /opt/ml/output/data instead.",
    "ModelPackageConfig": "Leave it out.",
    "ServerlessJobConfig": "Give ResourceConfig and a training image of your own.",
}
_MODES = ("File", "FastFile")


def refuse_unsupported(request: Mapping[str, Any]) -> None:
    """Raises UnsupportedError for members of CreateTrainingJob that would change what happens."""
    refuse_members(request, _UNSUPPORTED)
    resources = request["ResourceConfig"]
    if resources.get("InstanceGroups"):
        raise UnsupportedError("InstanceGroups", "Give one InstanceType and InstanceCount 1.")
    if resources.get("InstanceCount", 1) > 1:
        raise UnsupportedError(
            f"{resources['InstanceCount']} training instances", "Set InstanceCount to 1."
        )
    specification = request["AlgorithmSpecification"]
    if "TrainingImage" not in specification:
        raise UnsupportedError(
            f"the algorithm {specification.get('AlgorithmName')}",
            "Give TrainingImage, an image that your pipeline has built.",
        )
    _refuse_mode("TrainingInputMode", specification["TrainingInputMode"])
    for channel in request.get("InputDataConfig", []):
        _refuse_channel(channel)


def _refuse_mode(where: str, mode: str) -> None:
    if mode not in _MODES:
        raise UnsupportedError(f"{where} {mode}", "Use File or FastFile.")


def _refuse_channel(channel: Mapping[str, Any]) -> None:
    name = channel["ChannelName"]
    _refuse_mode(f"InputMode of channel {name}:", channel.get("InputMode", "File"))
    if "S3DataSource" not in channel["DataSource"]:
        source = ", ".join(channel["DataSource"])
        raise UnsupportedError(f"{source} of channel {name}", "Use S3DataSource.")
    for member, neutral in (("CompressionType", "None"), ("RecordWrapperType", "None")):
        if channel.get(member, neutral) != neutral:
            raise UnsupportedError(
                f"{member} {channel[member]} of channel {name}", "Put plain files on S3."
            )


def lay_out_input(request: Mapping[str, Any], session: boto3.Session, ml: Path) -> None:
    """Downloads the channels and writes the configuration files.

    A FastFile channel shows the same files as a File channel; only AWS's timing differs.
    """
    specification = request["AlgorithmSpecification"]
    channels = {}
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"]["S3DataSource"]
        folder = ml / "input/data" / channel["ChannelName"]
        download(session, source["S3Uri"], folder, source["S3DataType"])
        channels[channel["ChannelName"]] = {
            "ContentType": channel.get("ContentType"),
            "TrainingInputMode": channel.get("InputMode", specification["TrainingInputMode"]),
            "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
        }
    config = ml / "input/config"
    write_json(config / "inputdataconfig.json", channels)
    write_json(config / "hyperparameters.json", dict(request.get("HyperParameters", {})))
    write_json(config / "resourceconfig.json", _resources(request["ResourceConfig"]))


def _resources(config: Mapping[str, Any]) -> dict[str, Any]:
    kind, group = config.get("InstanceType"), "homogeneousCluster"
    return {
        "current_host": HOST,
        "current_instance_type": kind,
        "current_group_name": group,
        "hosts": [HOST],
        "instance_groups": [{"instance_group_name": group, "instance_type": kind, "hosts": [HOST]}],
        "network_interface_name": "lo",  # the only one that the container has; eth0 in AWS
    }
