"""Writes templates of stages in other regions that name copies; a CodeBuild build runs this.

    python3 -I name_copies.py FOLDER

SageMaker reads the image and the model data of an endpoint from its region only, and a model
package names those in the region of the project. FOLDER holds the templates that check_templates.py
and check_monitors.py have accepted. In the template of a stage of COPIED_STAGES, a model that names
a package names copies of its image and its archive instead, and the monitors those of the image and
the baselines. The tag `model-package-arn` of the model and its endpoint keeps the package.
STAGE.copies.json lists what copy_model.py copies before the deployment. The exit status is 1 if a
package cannot be copied, and each reason is printed.

The script is inlined in the pipeline's template. It only needs the standard library and the AWS
CLI, which CodeBuild images have.

Environment: COPIED_STAGES (names separated by spaces), and for each of them STAGE_REGION,
STAGE_COPY_BUCKET and STAGE_COPY_REPOSITORY; ARTIFACT_BUCKET, IMAGE_REPOSITORY (the URI of the
project's images).
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MODEL, ENDPOINT = "AWS::SageMaker::Model", "AWS::SageMaker::Endpoint"
TAG = "model-package-arn"
# Split, because CloudFormation would resolve it as a reference in the pipeline's template.
DYNAMIC = "{" * 2 + "resolve:"
PREFIXES = ("models/", "runs/")
# Variable of a container with the features that it looks up; model-build sets it.
LOOK_UP = "ONLINE_FEATURES"
MAX_NAME, MAX_TAG = 63, 256
COPIED_MEMBERS = {"Image", "ModelDataUrl", "Environment"}
# Members of a description that have no counterpart in a model, or repeat another one.
IGNORED_MEMBERS = {
    "ContainerHostname",
    "Framework",
    "FrameworkVersion",
    "ImageDigest",
    "ModelDataETag",
    "ModelInput",
    "NearestModelName",
}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Aws = Callable[..., Any]


class RejectedError(Exception):
    """A package that cannot be copied; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Stores of a project, and those of a stage in another region.

    Args:
        bucket: bucket of the project.
        repository: URI of the project's image repository.
        copy_bucket: bucket of the stage.
        copy_repository: URI of the stage's image repository.
        region: region of the stage.
    """

    bucket: str
    repository: str
    copy_bucket: str
    copy_repository: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Container of a model from copies, and the copies that it needs.

    Args:
        container: container of a model from the copies.
        texts: URIs, and those of their copies.
        digests: digests of images.
    """

    container: Mapping[str, Any]
    texts: Mapping[str, str] = field(default_factory=dict)
    digests: frozenset[str] = frozenset()


def copies_of(package: Mapping[str, Any], place: Place, aws: Aws) -> Copies:
    """Returns the copies of a package.

    Raises:
        RejectedError: the package has more than an image and an archive of the project.
    """
    name = package["ModelPackageArn"].rpartition(":model-package/")[2]
    containers = package.get("InferenceSpecification", {}).get("Containers", [])
    if len(containers) != 1:
        raise RejectedError(f"{name} has {len(containers)} containers; allowed is one")
    (container,) = containers
    unknown = sorted(set(container) - COPIED_MEMBERS - IGNORED_MEMBERS)
    if unknown:
        raise RejectedError(
            f"{name} has {', '.join(unknown)}; allowed in another region are an image, an archive "
            "(ModelDataUrl) and variables"
        )
    image, digest = container["Image"], _digest(container, place, aws, name)
    texts = {image: f"{place.copy_repository}@{digest}"}
    data = container.get("ModelDataUrl")
    if data is not None and not _is_copied(data, place):
        raise RejectedError(
            f"{name} has model data in {data}; allowed is s3://{place.bucket}/models/KEY"
        )
    uris = [one for one in [data, *_uris(package)] if one is not None and _is_copied(one, place)]
    texts |= {uri: _copy(uri, place) for uri in uris}
    own = {"Image": texts[image], "Environment": container.get("Environment")}
    if data is not None:
        own["ModelDataUrl"] = texts[data]
    found = {key: value for key, value in own.items() if value}
    if not _names_region(container.get("Environment", {}).get(LOOK_UP)):
        raise RejectedError(
            f"{name} looks features up and does not name their region: it was trained before the "
            "project had a stage in another region; push to model-build and approve the new version"
        )
    # CloudFormation would resolve a reference in a variable, with the permissions of its role.
    if DYNAMIC in json.dumps(found):
        raise RejectedError(f"{name} has a dynamic reference ({DYNAMIC}) in its container")
    return Copies(container=found, texts=texts, digests=frozenset([digest]))


def _names_region(look_up: str | None) -> bool:
    if look_up is None:
        return True
    try:
        content = json.loads(look_up)
    except ValueError:
        return False
    return isinstance(content, dict) and bool(content.get("region"))


def _digest(container: Mapping[str, Any], place: Place, aws: Aws, name: str) -> str:
    image = str(container["Image"])
    repository, separator, named = image.partition("@")
    if not separator:
        repository, _, named = image.rpartition(":")
    if repository != place.repository:
        raise RejectedError(
            f"{name} has the image {image}; allowed are those of {place.repository}"
        )
    if not separator:
        registry, _, path = repository.partition("/")
        found = aws(
            *("ecr", "describe-images", "--registry-id", registry.partition(".")[0]),
            *("--repository-name", path, "--image-ids", f"imageTag={named}"),
        )["imageDetails"]
        named = container.get("ImageDigest") or found[0]["imageDigest"]
    if not DIGEST.fullmatch(str(named)):
        raise RejectedError(f"{name} has the image {image}, which has no digest")
    return str(named)


def _uris(value: Any) -> Iterator[str]:
    """Yields the S3 URIs of a description, such as those of reports and baselines."""
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "S3Uri" and isinstance(member, str):
                yield member
            else:
                yield from _uris(member)
    elif isinstance(value, list):
        for member in value:
            yield from _uris(member)


def _is_copied(uri: str, place: Place) -> bool:
    root = f"s3://{place.bucket}/"
    return uri.startswith(tuple(f"{root}{prefix}" for prefix in PREFIXES))


def _copy(uri: str, place: Place) -> str:
    return f"s3://{place.copy_bucket}/{uri.removeprefix(f's3://{place.bucket}/')}"


def with_copies(
    template: Mapping[str, Any],
    place: Place,
    describe: Callable[[str], Mapping[str, Any]],
    aws: Aws,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns a template that names copies, and the list of the copies.

    Args:
        template: a template that check_templates.py has accepted.
        place: stores of the project and of the stage.
        describe: describes a package by its ARN.
        aws: the AWS CLI.

    Raises:
        RejectedError: a package cannot be copied.
    """
    resources = template["Resources"]
    named = {
        logical_id: resource["Properties"]["PrimaryContainer"]["ModelPackageName"]
        for logical_id, resource in resources.items()
        if resource["Type"] == MODEL
    }
    copies = {arn: copies_of(describe(arn), place, aws) for arn in sorted(set(named.values()))}
    texts = {source: copy for one in copies.values() for source, copy in one.texts.items()}
    written = {}
    for logical_id, resource in resources.items():
        properties = resource.get("Properties", {})
        if logical_id in named:
            changed = _model(properties, named[logical_id], copies[named[logical_id]])
        else:
            changed = _replaced(properties, texts, place)
            if resource["Type"] == ENDPOINT:
                changed = _tagged(changed, " ".join(copies))
        written[logical_id] = resource
        if changed != properties:
            # The next check compares what the team's code has synthesised.
            metadata = {**resource.get("Metadata", {}), "Synthesized": properties}
            written[logical_id] = {**resource, "Properties": changed, "Metadata": metadata}
    objects = sorted(uri for uri in texts if uri.startswith("s3://"))
    return (
        {**template, "Resources": written},
        {
            "objects": [{"source": uri, "copy": texts[uri]} for uri in objects],
            "images": sorted(digest for one in copies.values() for digest in one.digests),
        },
    )


def _model(properties: Mapping[str, Any], arn: str, copies: Copies) -> dict[str, Any]:
    changed = {**properties, "PrimaryContainer": dict(copies.container)}
    name = properties.get("ModelName")
    if isinstance(name, str):
        # The container is create-only, and CloudFormation cannot replace a model by its own name.
        content = json.dumps(copies.container, sort_keys=True)
        suffix = f"-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
        changed["ModelName"] = f"{name[: MAX_NAME - len(suffix)].rstrip('-')}{suffix}"
    return _tagged(changed, arn)


def _tagged(properties: Mapping[str, Any], arns: str) -> dict[str, Any]:
    tags = properties.get("Tags", [])
    if not isinstance(tags, list) or len(arns) > MAX_TAG:
        return dict(properties)
    others = [one for one in tags if not isinstance(one, dict) or one.get("Key") != TAG]
    return {**properties, "Tags": [*others, {"Key": TAG, "Value": arns}]}


def _replaced(value: Any, texts: Mapping[str, str], place: Place) -> Any:
    """Returns a value with the URIs of copies in place of those of the package."""
    if isinstance(value, str):
        for source in sorted(texts, key=len, reverse=True):
            value = value.replace(source, texts[source])
        return value
    if isinstance(value, list):
        return [_replaced(one, texts, place) for one in value]
    if not isinstance(value, dict):
        return value
    joined = value.get("Fn::Join") if set(value) == {"Fn::Join"} else None
    if isinstance(joined, list) and joined[0] == "" and isinstance(joined[1], list):
        return _joined(joined[1], texts, place)
    return {key: _replaced(one, texts, place) for key, one in value.items()}


def _joined(parts: list[Any], texts: Mapping[str, str], place: Place) -> Any:
    """Returns a Fn::Join whose URIs, which pseudo parameters may separate, are replaced."""
    suffix = place.repository.partition("/")[0].partition(f".{_region_of(place.repository)}.")[2]
    merged: list[Any] = []
    for one in parts:
        part = suffix if one == {"Ref": "AWS::URLSuffix"} else one
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    replaced = [_replaced(one, texts, place) for one in merged]
    if len(replaced) == 1 and isinstance(replaced[0], str):
        return replaced[0]
    return {"Fn::Join": ["", replaced]}


def _region_of(repository: str) -> str:
    return repository.split(".")[3]


def place_of(stage: str, environment: Mapping[str, str]) -> Place:
    """Returns the stores of a stage."""
    prefix = f"{stage.upper().replace('-', '_')}_"
    return Place(
        bucket=environment["ARTIFACT_BUCKET"],
        repository=environment["IMAGE_REPOSITORY"],
        copy_bucket=environment[f"{prefix}COPY_BUCKET"],
        copy_repository=environment[f"{prefix}COPY_REPOSITORY"],
        region=environment[f"{prefix}REGION"],
    )


def call_aws(*arguments: str) -> Any:
    """Returns the output of an AWS CLI command.

    Raises:
        RejectedError: if the command fails.
    """
    command = ["aws", *arguments, "--output", "json"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise RejectedError(f"aws {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def main(arguments: list[str], environment: Mapping[str, str], aws: Aws = call_aws) -> int:
    """Writes the templates of a folder that name copies; returns the exit status."""
    folder, problems = Path(arguments[0]), []

    def describe(arn: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = aws(
            "sagemaker", "describe-model-package", "--model-package-name", arn
        )
        return found

    for stage in environment["COPIED_STAGES"].split():
        path = folder / f"{stage}.template.json"
        if not path.exists():  # no model is approved yet
            continue
        try:
            template, copies = with_copies(
                json.loads(path.read_bytes()), place_of(stage, environment), describe, aws
            )
        except RejectedError as error:
            problems.append(f"{stage}: {error}")
            continue
        path.write_text(json.dumps(template, indent=1))
        (folder / f"{stage}.copies.json").write_text(json.dumps(copies, indent=1))
        sys.stdout.write(
            f"{stage}: {len(copies['objects'])} objects and {len(copies['images'])} images are "
            "copied before the deployment.\n"
        )
    if problems:
        sys.stdout.write("REJECTED models: nothing is deployed.\n")
        sys.stdout.write("".join(f"  {one}\n" for one in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
