"""What a network is used for, and which endpoints of AWS services that takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from aws_cdk import aws_ec2 as ec2

_Aws = ec2.InterfaceVpcEndpointAwsService


@dataclass(frozen=True, kw_only=True)
class EndpointService:
    """Defines one interface endpoint.

    Args:
        name: construct id of the endpoint, unique in a network.
        service: the service that is reached.
        resource_type: a CloudFormation type of the service; a region without it has no endpoint of
            the service either. Left out: no region is refused.
        restricted: whether an endpoint policy can tell the account's own principals from others.
            Studio is opened in a browser with a presigned URL, so its endpoint knows no principal.
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
# People of IAM Identity Center show Amazon Q a token, and no principal.
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
    """Defines what code in a network does, and so which AWS services it calls from there.

    SageMaker itself pulls images, collects logs and decrypts volumes from outside of the network:
    a job that only reads and writes S3 needs no interface endpoint at all. The uses name what
    code in a container, a notebook or a build calls.

    Args:
        name: what the use is called in errors.
        services: interface endpoints that it takes.
        internal: whether what runs in the network talks among itself: the instances of a
            distributed job, or a notebook and a file system of one's own. Studio does not need it:
            applications are on one instance each, and SageMaker gives a domain's file system
            groups of its own.
        dynamodb: whether tables are read or written; a gateway endpoint, without a fee.
        cloudformation: whether functions run there that answer CloudFormation, which takes answers
            in a bucket of AWS.
        packages: whether packages are read that CodeArtifact keeps in a bucket of AWS: those of
            npm. It sends Python's itself.

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

    #: Training, processing and transform jobs: their code looks up its account and its jobs.
    TRAINING: ClassVar[NetworkUseCase]
    #: Applications in the network that invoke endpoints.
    HOSTING: ClassVar[NetworkUseCase]
    #: Starting pipelines, and registering models, from the network.
    PIPELINES: ClassVar[NetworkUseCase]
    #: A Studio domain with network access `VpcOnly`, reached from the network itself too.
    STUDIO: ClassVar[NetworkUseCase]
    #: Experiments in MLflow.
    EXPERIMENTS: ClassVar[NetworkUseCase]
    #: Features, online, and offline through Athena and the Glue catalog.
    FEATURE_STORE: ClassVar[NetworkUseCase]
    #: Jobs that publish metrics of a model's quality to CloudWatch.
    MODEL_MONITORING: ClassVar[NetworkUseCase]
    #: Images pulled or pushed from the network, as builds and local mode do.
    IMAGES: ClassVar[NetworkUseCase]
    #: Repositories of CodeCommit, by git.
    CODE_COMMIT: ClassVar[NetworkUseCase]
    #: Products of Service Catalog, where templates of projects are published there.
    PROJECTS: ClassVar[NetworkUseCase]
    #: Pipelines and builds that code in the network starts and watches.
    DELIVERY: ClassVar[NetworkUseCase]
    #: Code that encrypts by itself. S3 and SageMaker use their keys from outside of the network.
    ENCRYPTION: ClassVar[NetworkUseCase]
    #: Parameters of Systems Manager, and secrets.
    PARAMETERS: ClassVar[NetworkUseCase]
    #: Tables of DynamoDB, through a gateway that costs nothing.
    TABLES: ClassVar[NetworkUseCase]
    #: A file system of one's own, mounted with IAM authorisation.
    FILE_SYSTEMS: ClassVar[NetworkUseCase]
    #: Functions of this library that CloudFormation calls, where an organisation wants them in a
    #: VPC: the network's own runs there too.
    FUNCTIONS: ClassVar[NetworkUseCase]
    #: Builds of a project that run in the network: they write their log, run the training pipeline,
    #: test endpoints and compare stacks.
    BUILDS: ClassVar[NetworkUseCase]
    #: Packages of Python and npm out of a `PackageRepository`, for Studio, jobs and builds.
    PACKAGES: ClassVar[NetworkUseCase]
    #: Models of Bedrock, and Amazon Q Developer in JupyterLab and Code Editor. In us-east-1 Q's
    #: suggestions take the endpoint "codewhisperer" too, which exists there alone.
    ASSISTANT: ClassVar[NetworkUseCase]
    #: An IDE on somebody's own machine, connected to a space of Studio over Systems Manager.
    REMOTE_IDE: ClassVar[NetworkUseCase]
    #: What an ML engineer looks at: stacks and why they failed, scaling, metrics and logs.
    OPERATIONS: ClassVar[NetworkUseCase]
    #: Tables that notebooks and jobs query: Athena, Glue, Lake Formation, Redshift, EMR Serverless.
    DATA_SOURCES: ClassVar[NetworkUseCase]


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
    """The endpoints of all uses, each once, in the order of their names."""
    found = {service.name: service for use in uses for service in use.services}
    return [found[name] for name in sorted(found)]
