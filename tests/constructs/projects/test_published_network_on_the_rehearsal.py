"""A stage runs in the network that its account publishes as parameters, with IAM enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_constructs.delivery import ProjectStage, StageNetwork
from tests.constructs.projects.company import PROD, SEEDS, TOOLING, Company, company_in
from tests.constructs.projects.deployed_project import DESTROY, REGION

NAMES = {"Subnets": ["/net/subnet-id-1", "/net/subnet-id-2"], "SecurityGroupIds": ["/net/group"]}
NETWORK = StageNetwork.from_parameters(
    subnet_ids=NAMES["Subnets"], security_group_ids=NAMES["SecurityGroupIds"]
)
STAGES = (ProjectStage(name="prod", account=PROD, network=NETWORK),)
CONTAINER = '"PrimaryContainer": {"ModelPackageName"'
# What the seed's library renders from the variables of the synthesis.
PLACED = """"VpcConfig": {
                "Subnets": [{"Ref": f"Subnet{number}"} for number in range(2)],
                "SecurityGroupIds": [{"Ref": "Group0"}]},
            """
PARAMETERS = """    read = {
        f"{kind}{number}": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": name}
        for kind in ("Subnet", "Group")
        for number, name in enumerate(os.environ[{
            "Subnet": "PROD_SUBNET_ID_PARAMETERS",
            "Group": "PROD_SECURITY_GROUP_ID_PARAMETERS"}[kind]].split(","))
    }
    with open("""
PROGRAM = (
    SEEDS["deploy"]["synth.py"]
    .replace(CONTAINER, PLACED + CONTAINER)
    .replace("    with open(", PARAMETERS)
    .replace('{"Resources": own}', '{"Parameters": read, "Resources": own}')
)
CFN_ROLE = f"churn-prod-{REGION}-cfn"
DENIED = ("AccessDenied", "AccessDeniedException")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    seeds = {**SEEDS, "deploy": {**SEEDS["deploy"], "synth.py": PROGRAM}}
    with company_in(tmp_path_factory.mktemp("company"), seeds=seeds) as started:
        for name, value in {**ids_in(started, "10.1.0.0/16", "/net")}.items():
            started.client("ssm", PROD).put_parameter(Name=name, Value=value, Type="String")
        started.deploy(DESTROY, stages=STAGES)
        started.wait("the first execution", lambda: ended(started))
        before = len(started.executions())
        started.approve(started.register())
        settle(started, before)
        yield started


def ids_in(company: Company, cidr: str, path: str) -> dict[str, str]:
    """Creates a network in the account of the stage; returns its ids by names of parameters."""
    ec2 = company.client("ec2", PROD)
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    subnets = {
        f"{path}/subnet-id-{number}": ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=cidr.replace("0.0/16", f"{number}.0/24"),
            AvailabilityZone=f"{REGION}{zone}",
        )["Subnet"]["SubnetId"]
        for number, zone in ((1, "a"), (2, "b"))
    }
    group = ec2.create_security_group(VpcId=vpc, GroupName=path.strip("/"), Description="models")
    return {**subnets, f"{path}/group": group["GroupId"]}


def ended(company: Company) -> bool:
    return bool(company.executions()[0]["status"] != "InProgress")


def settle(company: Company, before: int) -> None:
    company.wait("the execution", lambda: len(company.executions()) > before and ended(company))


def published(company: Company) -> dict[str, list[str]]:
    ssm = company.client("ssm", PROD)
    return {
        member: [ssm.get_parameter(Name=name)["Parameter"]["Value"] for name in names]
        for member, names in NAMES.items()
    }


def model(company: Company) -> dict[str, Any]:
    sagemaker = company.client("sagemaker", PROD)
    endpoint = sagemaker.describe_endpoint(EndpointName="churn-prod")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    found: dict[str, Any] = sagemaker.describe_model(
        ModelName=config["ProductionVariants"][0]["ModelName"]
    )
    return found


def test_the_endpoint_serves_in_the_network_of_its_account(company: Company) -> None:
    assert company.executions()[0]["status"] == "Succeeded", str(company.stages())
    assert company.predict("prod", PROD) == "4.5"
    assert model(company)["VpcConfig"] == published(company)


def test_a_pushed_template_that_reads_another_parameter_is_rejected(company: Company) -> None:
    other = ids_in(company, "10.2.0.0/16", "/other")
    for name, value in other.items():
        company.client("ssm", PROD).put_parameter(Name=name, Value=value, Type="String")
    before, deployed = len(company.executions()), model(company)

    push(company, PROGRAM.replace('"Default": name}', '"Default": name.replace("net", "other")}'))
    settle(company, before)

    assert company.executions()[0]["status"] == "Failed"
    check = company.stages()["Synth"]
    assert "Check" in check, check
    assert model(company)["ModelArn"] == deployed["ModelArn"]


def test_a_pushed_template_with_other_subnets_creates_no_model(company: Company) -> None:
    subnets = company.client("ec2", PROD).describe_subnets()["Subnets"]
    foreign = next(one for one in subnets if one["SubnetId"] not in published(company)["Subnets"])
    before, deployed = len(company.executions()), model(company)
    # A new name, so that CloudFormation replaces the model.
    hostile = PROGRAM.replace(
        '[{"Ref": f"Subnet{number}"} for number in range(2)]', json.dumps([foreign["SubnetId"]])
    ).replace('f"{name}-{version}"', 'f"{name}-{version}-x"')

    push(company, hostile)
    settle(company, before)

    assert company.executions()[0]["status"] == "Failed"
    events = company.client("cloudformation", PROD).describe_stack_events(StackName="churn-prod")
    reasons = [one.get("ResourceStatusReason", "") for one in events["StackEvents"]]
    assert any("sagemaker:CreateModel" in one and "explicit deny" in one for one in reasons), (
        reasons
    )
    assert model(company)["ModelArn"] == deployed["ModelArn"]


def test_the_role_of_the_deployment_reads_no_other_parameter(company: Company) -> None:
    arn = f"arn:aws:iam::{PROD}:role/sagemaker-projects/{CFN_ROLE}"
    ssm = company.acting_as(arn)("ssm")

    found = ssm.get_parameters(Names=[one for names in NAMES.values() for one in names])
    assert len(found["Parameters"]) == 3
    with pytest.raises(ClientError) as error:
        ssm.get_parameters(Names=["/cdk-bootstrap/hnb659fds/version"])
    assert error.value.response["Error"]["Code"] in DENIED


def test_a_stack_of_the_role_reads_no_other_parameter(company: Company) -> None:
    cloudformation = company.client("cloudformation", PROD)
    with pytest.raises(ClientError, match=r"ssm:GetParameters on resource: .*parameter/cdk-boot"):
        cloudformation.create_stack(
            StackName="churn-prod-other",
            RoleARN=f"arn:aws:iam::{PROD}:role/sagemaker-projects/{CFN_ROLE}",
            TemplateBody=json.dumps(
                {
                    "Parameters": {
                        "Version": {
                            "Type": "AWS::SSM::Parameter::Value<String>",
                            "Default": "/cdk-bootstrap/hnb659fds/version",
                        }
                    },
                    "Resources": {"Alarm": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
                }
            ),
        )


def test_the_account_of_the_project_knows_no_id(company: Company) -> None:
    template = json.dumps(
        company.client("cloudformation", TOOLING).get_template(StackName="Project-churn")[
            "TemplateBody"
        ]
    )

    assert "/net/subnet-id-1" in template
    for ids in published(company).values():
        assert not any(one in template for one in ids)


def push(company: Company, program: str) -> None:
    """Commits the program of the synthesis to main of model-deploy."""
    codecommit, repository = company.client("codecommit"), "churn-model-deploy"
    tip = codecommit.get_branch(repositoryName=repository, branchName="main")["branch"]
    codecommit.put_file(
        repositoryName=repository,
        branchName="main",
        filePath="synth.py",
        fileContent=program.encode(),
        parentCommitId=tip["commitId"],
    )
