"""Use cases of a network, and the VPC endpoints that they require."""

from dataclasses import dataclass
from typing import ClassVar

from aws_cdk import aws_ec2 as ec2

_Aws = ec2.InterfaceVpcEndpointAwsService


@dataclass(frozen=True, kw_only=True)
class EndpointService:
    """An AWS service that is reached through an interface endpoint.

    Args:
        name: construct id of the endpoint, unique in a network.
        service: endpoint service.
        resource_type: CloudFormation type of the service; a region without the type has no endpoint
            service either. Defaults to None: availability in the region is not checked.
        restricted: True if an endpoint policy can restrict principals to the account. Studio is
            opened in a browser with a presigned URL, so requests to its endpoint have no principal.
            Defaults to True.
    """

    name: str
    service: ec2.InterfaceVpcEndpointAwsService
    resource_type: str | None = None
    restricted: bool = True


SAGEMAKER_API = EndpointService(
    name="SageMakerApi", service=_Aws.SAGEMAKER_API, resource_type="AWS::SageMaker::Model"
)
SAGEMAKER_RUNTIME = EndpointService(
    name="SageMakerRuntime",
    service=_Aws.SAGEMAKER_RUNTIME,
    resource_type="AWS::SageMaker::Endpoint",
)
SAGEMAKER_METRICS = EndpointService(name="SageMakerMetrics", service=_Aws.SAGEMAKER_METRICS)
SAGEMAKER_STUDIO = EndpointService(
    name="SageMakerStudio",
    service=_Aws.SAGEMAKER_STUDIO,
    resource_type="AWS::SageMaker::Domain",
    restricted=False,
)
SAGEMAKER_EXPERIMENTS = EndpointService(
    name="SageMakerExperiments",
    service=_Aws.SAGEMAKER_EXPERIMENTS,
    resource_type="AWS::SageMaker::MlflowTrackingServer",
    restricted=False,
)
FEATURE_STORE_RUNTIME = EndpointService(
    name="FeatureStoreRuntime",
    service=_Aws.SAGEMAKER_FEATURESTORE_RUNTIME,
    resource_type="AWS::SageMaker::FeatureGroup",
)
ECR_API = EndpointService(name="EcrApi", service=_Aws.ECR, resource_type="AWS::ECR::Repository")
ECR_DOCKER = EndpointService(
    name="EcrDocker", service=_Aws.ECR_DOCKER, resource_type="AWS::ECR::Repository"
)
LOGS = EndpointService(name="Logs", service=_Aws.CLOUDWATCH_LOGS)
MONITORING = EndpointService(name="Monitoring", service=_Aws.CLOUDWATCH_MONITORING)
EVENTS = EndpointService(name="Events", service=_Aws.EVENTBRIDGE)
STS = EndpointService(name="Sts", service=_Aws.STS)
KMS = EndpointService(name="Kms", service=_Aws.KMS)
SSM = EndpointService(name="Ssm", service=_Aws.SSM)
SECRETS = EndpointService(name="SecretsManager", service=_Aws.SECRETS_MANAGER)
CODE_COMMIT = EndpointService(
    name="CodeCommit", service=_Aws.CODECOMMIT, resource_type="AWS::CodeCommit::Repository"
)
CODE_COMMIT_GIT = EndpointService(
    name="GitCodeCommit", service=_Aws.CODECOMMIT_GIT, resource_type="AWS::CodeCommit::Repository"
)
CODE_PIPELINE = EndpointService(
    name="CodePipeline", service=_Aws.CODEPIPELINE, resource_type="AWS::CodePipeline::Pipeline"
)
CODE_BUILD = EndpointService(
    name="CodeBuild", service=_Aws.CODEBUILD, resource_type="AWS::CodeBuild::Project"
)
GLUE = EndpointService(name="Glue", service=_Aws.GLUE, resource_type="AWS::Glue::Database")
ATHENA = EndpointService(name="Athena", service=_Aws.ATHENA, resource_type="AWS::Athena::WorkGroup")
SERVICE_CATALOG = EndpointService(name="ServiceCatalog", service=_Aws.SERVICE_CATALOG)
EC2 = EndpointService(name="Ec2", service=_Aws.EC2)
FILE_SYSTEM = EndpointService(
    name="ElasticFileSystem",
    service=_Aws.ELASTIC_FILESYSTEM,
    resource_type="AWS::EFS::FileSystem",
)
PACKAGES_API = EndpointService(
    name="CodeArtifactApi",
    service=_Aws.CODEARTIFACT_API,
    resource_type="AWS::CodeArtifact::Domain",
)
PACKAGES_REPOSITORIES = EndpointService(
    name="CodeArtifactRepositories",
    service=_Aws.CODEARTIFACT_REPOSITORIES,
    resource_type="AWS::CodeArtifact::Repository",
)
BEDROCK = EndpointService(name="BedrockRuntime", service=_Aws.BEDROCK_RUNTIME)
# Users of IAM Identity Center call Amazon Q with a token, not as a principal.
Q_DEVELOPER = EndpointService(name="QDeveloper", service=_Aws.Q_DEVELOPER, restricted=False)
SSM_MESSAGES = EndpointService(name="SsmMessages", service=_Aws.SSM_MESSAGES)
EC2_MESSAGES = EndpointService(name="Ec2Messages", service=_Aws.EC2_MESSAGES)
CLOUDFORMATION = EndpointService(name="CloudFormation", service=_Aws.CLOUDFORMATION)
SCALING = EndpointService(
    name="ApplicationAutoScaling",
    service=_Aws.APPLICATION_AUTOSCALING,
    resource_type="AWS::ApplicationAutoScaling::ScalableTarget",
)
EMR_SERVERLESS = EndpointService(
    name="EmrServerless",
    service=_Aws.EMR_SERVERLESS,
    resource_type="AWS::EMRServerless::Application",
)
LAKE_FORMATION = EndpointService(name="LakeFormation", service=_Aws.LAKE_FORMATION)
REDSHIFT_DATA = EndpointService(name="RedshiftData", service=_Aws.REDSHIFT_DATA)


@dataclass(frozen=True, kw_only=True)
class NetworkUseCase:
    """A use case of a network: the AWS services that code in the network calls.

    SageMaker itself pulls images, collects logs and decrypts volumes from outside of the network: a
    job that only reads and writes S3 requires no interface endpoint. Use cases describe the calls
    of code in containers, notebooks and builds.

    In us-east-1, suggestions of Amazon Q Developer (`ASSISTANT`) also require the endpoint service
    `codewhisperer`, which is only available there.

    Args:
        name: name in errors.
        services: interface endpoints that it requires.
        internal: True if resources in the network communicate with each other: the instances of a
            distributed job, or a notebook and your own file system. Studio does not require it:
            each application runs on one instance, and SageMaker creates separate security groups
            for the file system of a domain. Defaults to False.
        dynamodb: True adds the gateway endpoint of DynamoDB, which has no fee. Defaults to False.
        cloudformation: True if functions in the network respond to CloudFormation, through a bucket
            of AWS. Defaults to False.
        packages: True if npm packages are read, which CodeArtifact stores in a bucket of AWS; it
            serves Python packages itself. Defaults to False.

    Source: "Connect to SageMaker AI resources from within a VPC" in the Developer Guide.

    Example:
        ```python
        NetworkUseCase(
            name="secrets of a database", services=(NetworkUseCase.PARAMETERS.services[1],)
        )
        ```
    """

    name: str
    services: tuple[EndpointService, ...]
    internal: bool = False
    dynamodb: bool = False
    cloudformation: bool = False
    packages: bool = False

    TRAINING: ClassVar["NetworkUseCase"]
    """Training, processing and transform jobs, whose code calls STS and SageMaker."""
    HOSTING: ClassVar["NetworkUseCase"]
    """Applications in the network that invoke endpoints."""
    PIPELINES: ClassVar["NetworkUseCase"]
    """Starting pipelines, and registering models, from the network."""
    STUDIO: ClassVar["NetworkUseCase"]
    """A Studio domain with network access `VpcOnly`, opened from the network, too."""
    EXPERIMENTS: ClassVar["NetworkUseCase"]
    """Experiments in MLflow."""
    FEATURE_STORE: ClassVar["NetworkUseCase"]
    """The online feature store, and the offline one through Athena and the Glue catalog."""
    MODEL_MONITORING: ClassVar["NetworkUseCase"]
    """Jobs that publish metrics of a model's quality to CloudWatch."""
    IMAGES: ClassVar["NetworkUseCase"]
    """Images pulled or pushed from the network, as by builds and local mode."""
    CODE_COMMIT: ClassVar["NetworkUseCase"]
    """Git repositories of CodeCommit."""
    PROJECTS: ClassVar["NetworkUseCase"]
    """Project templates that are Service Catalog products."""
    DELIVERY: ClassVar["NetworkUseCase"]
    """Pipelines and builds that code in the network starts and monitors."""
    ENCRYPTION: ClassVar["NetworkUseCase"]
    """Code that calls KMS. S3 and SageMaker use their keys from outside of the network."""
    PARAMETERS: ClassVar["NetworkUseCase"]
    """Parameters of Systems Manager, and secrets of Secrets Manager."""
    TABLES: ClassVar["NetworkUseCase"]
    """Tables of DynamoDB, through a gateway endpoint without a fee."""
    FILE_SYSTEMS: ClassVar["NetworkUseCase"]
    """Your own EFS file system, mounted with IAM authorization."""
    FUNCTIONS: ClassVar["NetworkUseCase"]
    """This library's functions in a VPC, the one of the network included."""
    BUILDS: ClassVar["NetworkUseCase"]
    """Builds of a project in the network."""
    PACKAGES: ClassVar["NetworkUseCase"]
    """Python and npm packages of a `PackageRepository`, for Studio, jobs and builds."""
    ASSISTANT: ClassVar["NetworkUseCase"]
    """Models of Bedrock, and Amazon Q Developer in JupyterLab and Code Editor."""
    REMOTE_IDE: ClassVar["NetworkUseCase"]
    """A local IDE that is connected to a Studio space over Systems Manager."""
    OPERATIONS: ClassVar["NetworkUseCase"]
    """Operations of ML engineers: stacks and their events, scaling, metrics and logs."""
    DATA_SOURCES: ClassVar["NetworkUseCase"]
    """Data sources: Athena, Glue, Lake Formation, Redshift and EMR Serverless."""


NetworkUseCase.TRAINING = NetworkUseCase(
    name="training", services=(SAGEMAKER_API, SAGEMAKER_METRICS, STS), internal=True
)
NetworkUseCase.HOSTING = NetworkUseCase(name="hosting", services=(SAGEMAKER_RUNTIME,))
NetworkUseCase.PIPELINES = NetworkUseCase(name="pipelines", services=(SAGEMAKER_API, STS))
NetworkUseCase.STUDIO = NetworkUseCase(
    name="studio",
    services=(SAGEMAKER_API, SAGEMAKER_RUNTIME, SAGEMAKER_STUDIO, STS, LOGS),
)
NetworkUseCase.EXPERIMENTS = NetworkUseCase(
    name="experiments", services=(SAGEMAKER_API, SAGEMAKER_EXPERIMENTS, STS)
)
NetworkUseCase.FEATURE_STORE = NetworkUseCase(
    name="feature store",
    services=(SAGEMAKER_API, FEATURE_STORE_RUNTIME, ATHENA, GLUE, STS),
)
NetworkUseCase.MODEL_MONITORING = NetworkUseCase(name="model monitoring", services=(MONITORING,))
NetworkUseCase.IMAGES = NetworkUseCase(name="images", services=(ECR_API, ECR_DOCKER))
NetworkUseCase.CODE_COMMIT = NetworkUseCase(
    name="CodeCommit", services=(CODE_COMMIT, CODE_COMMIT_GIT, STS)
)
NetworkUseCase.PROJECTS = NetworkUseCase(name="projects", services=(SAGEMAKER_API, SERVICE_CATALOG))
NetworkUseCase.DELIVERY = NetworkUseCase(
    name="delivery", services=(CODE_BUILD, CODE_PIPELINE, EVENTS, LOGS, STS)
)
NetworkUseCase.ENCRYPTION = NetworkUseCase(name="encryption", services=(KMS,))
NetworkUseCase.PARAMETERS = NetworkUseCase(name="parameters", services=(SSM, SECRETS))
NetworkUseCase.TABLES = NetworkUseCase(name="tables", services=(), dynamodb=True)
NetworkUseCase.FILE_SYSTEMS = NetworkUseCase(
    name="file systems", services=(FILE_SYSTEM,), internal=True
)
NetworkUseCase.FUNCTIONS = NetworkUseCase(
    name="functions", services=(EC2, FILE_SYSTEM, SAGEMAKER_API), cloudformation=True
)

NetworkUseCase.BUILDS = NetworkUseCase(
    name="builds", services=(SAGEMAKER_API, SAGEMAKER_RUNTIME, CLOUDFORMATION, LOGS, STS)
)
NetworkUseCase.PACKAGES = NetworkUseCase(
    name="packages", services=(PACKAGES_API, PACKAGES_REPOSITORIES), packages=True
)
NetworkUseCase.ASSISTANT = NetworkUseCase(name="assistant", services=(BEDROCK, Q_DEVELOPER))
NetworkUseCase.REMOTE_IDE = NetworkUseCase(
    name="remote IDE", services=(SSM, SSM_MESSAGES, EC2_MESSAGES)
)
NetworkUseCase.OPERATIONS = NetworkUseCase(
    name="operations", services=(CLOUDFORMATION, SCALING, MONITORING, LOGS)
)
NetworkUseCase.DATA_SOURCES = NetworkUseCase(
    name="data sources",
    services=(ATHENA, GLUE, LAKE_FORMATION, REDSHIFT_DATA, EMR_SERVERLESS, STS),
)


def services_of(uses: tuple[NetworkUseCase, ...]) -> list[EndpointService]:
    """Returns the endpoints of all use cases, each once, sorted by name."""
    found = {service.name: service for use in uses for service in use.services}
    return [found[name] for name in sorted(found)]
