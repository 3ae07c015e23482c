"""CloudFormation types of lineage entities."""

from rehearsal.cloudformation.resource_types import ResourceType

_TIMES = {"CreationTime": "CreationTime", "LastModifiedTime": "LastModifiedTime"}
RESOURCE_TYPES = [
    *(
        ResourceType(
            type_name=f"AWS::SageMaker::{noun}",
            service="sagemaker",
            create=f"Create{noun}",
            describe=f"Describe{noun}",
            update=f"Update{noun}",
            delete=f"Delete{noun}",
            identifier=(f"{noun}Name",),
            ref=f"{noun}Arn",
            attributes={"Arn": f"{noun}Arn", **_TIMES},
            name_property=f"{noun}Name",
        )
        for noun in ("Action", "Context")
    ),
    ResourceType(
        type_name="AWS::SageMaker::Artifact",
        service="sagemaker",
        create="CreateArtifact",
        describe="DescribeArtifact",
        update="UpdateArtifact",
        delete="DeleteArtifact",
        identifier=("ArtifactArn",),
        ref="ArtifactArn",
        attributes={"Arn": "ArtifactArn", **_TIMES},
    ),
]
