"""Resources with custom names: a minimal one of each of ministack's types, and what they need."""

import importlib
import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from rehearsal.cloudformation.resource_schemas import (
    read_only_properties,
    resolve,
    schema_of,
)
from tests.rehearsal.ministack.patched import CLOUDFORMATION, named

NAME = "a-name"
ROLE = "arn:aws:iam::111111111111:role/any"
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}
_CERTIFICATE = {
    "Type": "AWS::IoT::Certificate",
    "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
}

# The property with the custom name, where the schema has several identifiers or none.
NAME_PROPERTIES = {
    "AWS::CloudFront::Function": "Name",
    "AWS::CodeBuild::Project": "Name",
    "AWS::EC2::LaunchTemplate": "LaunchTemplateName",
    "AWS::EC2::SecurityGroup": "GroupName",
    "AWS::ECS::Service": "ServiceName",
    "AWS::EKS::Nodegroup": "NodegroupName",
    "AWS::Events::Rule": "Name",
    "AWS::Glue::Connection": "ConnectionInput",
    "AWS::Glue::Table": "Name",
    "AWS::IoT::Policy": "PolicyName",
    "AWS::Lambda::Alias": "Name",
    "AWS::Logs::LogStream": "LogStreamName",
    "AWS::Logs::MetricFilter": "FilterName",
    "AWS::Logs::SubscriptionFilter": "FilterName",
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::S3Tables::TableBucket": "TableBucketName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::ServiceDiscovery::HttpNamespace": "Name",
    "AWS::ServiceDiscovery::PrivateDnsNamespace": "Name",
    "AWS::ServiceDiscovery::PublicDnsNamespace": "Name",
    "AWS::WAFv2::WebACL": "Name",
}

# Types whose identifier is that of another resource, or whose names need not be unique.
WITHOUT_NAME = {
    "AWS::ApiGateway::Authorizer": "an API has any number of authorizers",
    "AWS::ApiGateway::Deployment": "an API has any number of deployments",
    "AWS::ApiGateway::DocumentationPart": "an API has any number of parts",
    "AWS::ApiGateway::RequestValidator": "an API has any number of validators",
    "AWS::ApiGateway::Resource": "identified by its parent and path part",
    "AWS::ApiGatewayV2::ApiMapping": "identified by its domain name, which exists before it",
    "AWS::ApiGatewayV2::Authorizer": "an API has any number of authorizers",
    "AWS::ApiGatewayV2::Integration": "an API has any number of integrations",
    "AWS::ApiGatewayV2::Route": "identified by its route key",
    "AWS::AppConfig::ConfigurationProfile": "names of profiles need not be unique",
    "AWS::AppConfig::Environment": "names of environments need not be unique",
    "AWS::AppSync::ApiKey": "an API has any number of keys",
    "AWS::AutoScaling::ScheduledAction": "a group has any number of actions",
    "AWS::Cognito::UserPoolClient": "a pool has any number of clients",
    "AWS::EC2::VPCGatewayAttachment": "identified by a VPC, which exists before it",
    "AWS::ECS::Service": "CreateService is idempotent by its own token",
    "AWS::Lambda::Permission": "a function has any number of statements",
    "AWS::S3::AccessPoint": "the API rejects a name that exists",
    "AWS::S3ObjectLambda::AccessPoint": "the API rejects a name that exists",
    "AWS::SES::ConfigurationSetEventDestination": "a set has any number of destinations",
}


def property_of(type_name: str) -> str | None:
    """Returns the property that has the custom name of a type, or None."""
    if type_name in NAME_PROPERTIES:
        return NAME_PROPERTIES[type_name]
    schema = schema_of(type_name)
    if schema is None:
        return None
    custom = named(f"{CLOUDFORMATION}.provisioners", "_CUSTOM_NAME_REPLACEMENT")
    known = custom.get(type_name, {}).get("name")
    if isinstance(known, str):
        return known
    pointers = [str(one).removeprefix("/properties/") for one in schema["primaryIdentifier"]]
    settable = [
        one
        for one in pointers
        if one in schema["properties"] and one not in read_only_properties(type_name)
    ]
    if len(settable) == 1 and re.search(r"(Name|Identifier|Id)$", settable[0]):
        return settable[0]
    return None


def named_types() -> list[str]:
    """Returns ministack's types whose resources can have a custom name."""
    handlers = named(f"{CLOUDFORMATION}.provisioners", "_RESOURCE_HANDLERS")
    return sorted(name for name in handlers if property_of(name) and name not in WITHOUT_NAME)


def minimal(type_name: str, needs: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the properties of a resource with a custom name.

    Args:
        type_name: the type.
        needs: the physical ids of `prepare`.
    """
    schema = schema_of(type_name)
    assert schema is not None
    given = {
        name: _sample(schema, schema["properties"][name], name)
        for name in schema.get("required", [])
    }
    given[str(property_of(type_name))] = NAME
    further: dict[str, Any] = _FURTHER.get(type_name, {})
    given |= {name: value(needs) if callable(value) else value for name, value in further.items()}
    return given


def prepare(provision: Any) -> dict[str, Any]:
    """Creates what the resources refer to; returns the physical ids."""

    def create(type_name: str, logical_id: str, **properties: Any) -> Any:
        return provision(type_name, logical_id, properties, "needs")[0]

    vpc = create("AWS::EC2::VPC", "Vpc", CidrBlock="10.77.0.0/16")
    subnets = [
        create(
            "AWS::EC2::Subnet",
            f"Subnet{zone}",
            VpcId=vpc,
            CidrBlock=f"10.77.{position}.0/24",
            AvailabilityZone=f"us-east-1{zone}",
        )
        for position, zone in enumerate("ab")
    ]
    function = create(
        "AWS::Lambda::Function",
        "Function",
        Code={"ZipFile": "def handler(event, context): pass"},
        Handler="index.handler",
        Runtime="python3.12",
        Role=ROLE,
    )
    pool = create("AWS::Cognito::UserPool", "Pool")
    create("AWS::Logs::LogGroup", "Group", LogGroupName="needed")
    create("AWS::Glue::Database", "Database", CatalogId="1", DatabaseInput={"Name": "needed"})
    create("AWS::S3::Bucket", "Bucket", BucketName="needed")
    cluster = create(
        "AWS::EKS::Cluster",
        "Cluster",
        Name="needed",
        RoleArn=ROLE,
        ResourcesVpcConfig={"SubnetIds": subnets},
    )
    documents = create(
        "AWS::DocDB::DBCluster",
        "Documents",
        DBClusterIdentifier="needed",
        MasterUsername="someone",
        MasterUserPassword="something-long",
    )
    return {
        "gateway": create("AWS::EC2::InternetGateway", "Gateway"),
        "routes": create("AWS::EC2::RouteTable", "Routes", VpcId=vpc),
        "vpc": vpc,
        "subnets": subnets,
        "function": function,
        "pool": pool,
        "cluster": cluster,
        "documents": documents,
    }


def _sample(schema: Mapping[str, Any], node: Mapping[str, Any], name: str) -> Any:
    node = resolve(schema, node)
    kind = node.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if "enum" in node:
        return node["enum"][0]
    if kind == "object" or "properties" in node:
        known = node.get("properties", {})
        required = [one for one in node.get("required", []) if one in known]
        return {one: _sample(schema, known[one], one) for one in required}
    match kind:
        case "array":
            return [_sample(schema, node.get("items", {}), name)]
        case "boolean":
            return True
        case "integer" | "number":
            return max(1, int(node.get("minimum", 1)))
    return ROLE if re.search(r"(Arn|ARN|Role)$", name) else "any"


def _subnets(needs: Mapping[str, Any]) -> Any:
    return needs["subnets"]


_FURTHER: dict[str, dict[str, Any]] = {
    "AWS::AutoScaling::AutoScalingGroup": {"MinSize": "1", "MaxSize": "1"},
    "AWS::CloudWatch::Alarm": {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "MetricName": "any",
        "Namespace": "any",
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": 1,
    },
    "AWS::Cognito::UserPoolDomain": {"UserPoolId": lambda needs: needs["pool"]},
    "AWS::Cognito::UserPoolGroup": {"UserPoolId": lambda needs: needs["pool"]},
    "AWS::Cognito::UserPoolResourceServer": {"UserPoolId": lambda needs: needs["pool"]},
    "AWS::DocDB::DBInstance": {"DBClusterIdentifier": lambda needs: needs["documents"]},
    "AWS::DocDB::DBSubnetGroup": {"SubnetIds": _subnets},
    "AWS::DynamoDB::Table": {
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    },
    "AWS::EC2::Route": {
        "DestinationCidrBlock": "0.0.0.0/0",
        "GatewayId": lambda needs: needs["gateway"],
        "RouteTableId": lambda needs: needs["routes"],
    },
    "AWS::EKS::Nodegroup": {"ClusterName": "needed", "Subnets": _subnets},
    "AWS::ElastiCache::SubnetGroup": {"SubnetIds": _subnets},
    "AWS::Glue::Connection": {"ConnectionInput": {"Name": NAME, "ConnectionType": "JDBC"}},
    "AWS::Glue::Table": {"DatabaseName": "needed", "TableInput": {"Name": NAME}},
    "AWS::IAM::ManagedPolicy": {"PolicyDocument": _POLICY},
    "AWS::IoT::JobTemplate": {"Document": "{}"},
    "AWS::IoT::ProvisioningTemplate": {
        "TemplateBody": json.dumps({"Resources": {"certificate": _CERTIFICATE}})
    },
    "AWS::IoT::TopicRule": {"TopicRulePayload": {"Sql": "SELECT * FROM 'any'", "Actions": []}},
    "AWS::KMS::Alias": {"AliasName": f"alias/{NAME}"},
    "AWS::Lambda::Alias": {"FunctionName": lambda needs: needs["function"]},
    "AWS::Logs::LogStream": {"LogGroupName": "needed"},
    "AWS::Logs::MetricFilter": {
        "LogGroupName": "needed",
        "FilterPattern": "any",
        "MetricTransformations": [
            {"MetricName": "any", "MetricNamespace": "any", "MetricValue": "1"}
        ],
    },
    "AWS::Logs::SubscriptionFilter": {
        "LogGroupName": "needed",
        "DestinationArn": "arn:aws:lambda:us-east-1:111111111111:function:any",
    },
    "AWS::RDS::DBSubnetGroup": {"SubnetIds": _subnets},
    "AWS::S3::BucketPolicy": {"Bucket": "needed", "PolicyDocument": _POLICY},
    "AWS::Signer::SigningProfile": {
        "ProfileName": "a_name",
        "PlatformId": "AWSLambda-SHA384-ECDSA",
    },
}


def records() -> dict[tuple[str, str], str]:
    """Returns the content of each store of ministack's services."""
    scoped = importlib.import_module("ministack.core.responses")
    kinds = (scoped.AccountScopedDict, scoped.AccountRegionScopedDict)
    found = {}
    for module_name, module in sys.modules.copy().items():
        # A cluster of EKS changes while it starts.
        if module_name.startswith("ministack.services.") and not module_name.endswith(".eks"):
            for name, value in vars(module).items():
                if isinstance(value, kinds):
                    found[module_name, name] = repr(sorted(value.items(), key=repr))
    return found
