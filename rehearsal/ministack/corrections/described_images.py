"""DescribeImages of images that do not exist.

Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
"""

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import ecr

from rehearsal.ministack.registry import patch


@patch(
    "ministack.services.ecr:_describe_images",
    why="The response omits images that do not exist, so the CDK CLI takes an image "
    "asset for published and pushes nothing.",
    until="ministack returns ImageNotFoundException.",
)
def describe_images(previous: Callable[..., Any], data: dict[str, Any]) -> Any:
    name = data.get("repositoryName", "")
    if name in ecr._repositories:
        for wanted in data.get("imageIds") or []:
            if ecr._find_image(name, wanted) is None:
                digest, tag = (wanted.get(key, "null") for key in ("imageDigest", "imageTag"))
                return error_response_json(
                    "ImageNotFoundException",
                    f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not "
                    f"exist within the repository with name '{name}' in the registry with id "
                    f"'{ecr._registry_id()}'",
                    400,
                )
    return previous(data)
