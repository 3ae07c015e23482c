"""ministack's private names that the rehearsal uses: a release that moves one fails here.

The registry has the names that are patched; the names that are used only are listed below.
"""

import importlib.metadata
import inspect

import pytest

from rehearsal.ministack import registry
from rehearsal.ministack.registry import Patch
from tests.rehearsal.ministack.patched import CLOUDFORMATION, named

# module, name, parameters in order
FUNCTIONS = [
    ("ministack.core.responses", "get_account_id", []),
    ("ministack.core.responses", "get_region", []),
    ("ministack.core.responses", "request_scope", ["account_id", "region"]),
    ("ministack.core.router", "extract_access_key_id", ["headers", "query_params"]),
    ("ministack.core.iam_evaluator", "caller_arn", []),
    (
        "ministack.core.iam_evaluator",
        "enforce",
        ["access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"],
    ),
    (
        "ministack.core.iam_evaluator",
        "resolve_credential",
        ["access_key_id", "account_id", "session_token"],
    ),
    ("ministack.core.iam_evaluator", "find_iam_access_key_account", ["access_key_id"]),
    ("ministack.core.iam_evaluator", "_gather_role_policies", ["role_name", "account_id"]),
    ("ministack.core.iam_evaluator", "_gather_user_policies", ["user_name", "account_id"]),
    ("ministack.core.iam_evaluator", "_permissions_boundary", ["store", "name", "account_id"]),
    ("ministack.core.iam_evaluator", "_resource_policy", ["service", "resource_arn"]),
    ("ministack.core.iam_evaluator", "_service_principal_matches", ["principal", "service"]),
    ("ministack.core.iam_evaluator", "parse_policy_document", ["doc"]),
    ("ministack.services.sts", "_principal_keys", ["credential"]),
    ("ministack.services.s3", "_bucket_owner_account", ["name"]),
    ("ministack.core.iam_evaluator", "evaluate", ["ctx", "policies", "limits"]),
    (
        "ministack.core.iam_evaluator",
        "combine_resource_policy",
        ["identity", "ctx", "policy", "owner_account", "required", "limits"],
    ),
    (
        "ministack.core.iam_actions",
        "identity_denial_message",
        ["action", "principal_arn", "resource", "explicit_deny"],
    ),
    ("ministack.services.iam", "policy_known", ["arn", "account_id"]),
    ("ministack.services.eventbridge", "_put_events", ["data", "allow_aws_source"]),
    ("ministack.services.eventbridge", "_pattern_event_view", ["event"]),
    ("ministack.services.eventbridge", "_apply_input_transformer", ["transformer", "rule", "view"]),
    (
        "ministack.services.eventbridge",
        "_dispatch_to_event_bus",
        ["spec", "event", "rule", "event_path", "target_input_payload"],
    ),
    ("ministack.services.eventbridge", "_ensure_default_bus", []),
    ("ministack.services.eventbridge", "parse_arn", ["value"]),
    ("ministack.services.s3", "_delete_bucket", ["name"]),
    (
        "ministack.services.s3",
        "_request_access_key",
        ["method", "key", "headers", "query_params", "body"],
    ),
    ("ministack.services.s3", "bucket_region", ["name"]),
    (
        "ministack.services.s3",
        "object_tags_for_condition",
        ["bucket_name", "key", "query_params"],
    ),
    ("ministack.services.s3", "_put_bucket_encryption", ["name", "body"]),
    ("ministack.services.s3", "_delete_bucket_encryption", ["name"]),
    (
        "ministack.services.s3",
        "_error",
        ["code", "message", "status", "resource", "extra", "headers"],
    ),
    ("ministack.services.kms", "_create_key", ["data"]),
    ("ministack.services.kms", "_create_alias", ["data"]),
    ("ministack.services.ec2", "_security_group_arn", ["sg_id"]),
    (
        "ministack.core.iam_evaluator",
        "resolve_principal",
        ["access_key_id", "account_id", "credential"],
    ),
    ("ministack.services.lambda_svc", "_get_func_record_for_ref", ["function_ref"]),
    (f"{CLOUDFORMATION}.custom_resource", "deliver_response", ["token", "response"]),
    (
        f"{CLOUDFORMATION}.engine",
        "_resolve_refs",
        [
            "value",
            "resources",
            "params",
            "conditions",
            "mappings",
            "stack_name",
            "stack_id",
        ],
    ),
    (
        f"{CLOUDFORMATION}.engine",
        "validate_template_support",
        ["template", "conditions", "params"],
    ),
    (f"{CLOUDFORMATION}.helpers", "_p", ["params", "key", "default"]),
    (f"{CLOUDFORMATION}.helpers", "_error", ["code", "message", "status"]),
    (f"{CLOUDFORMATION}.handlers", "_resolve_stack", ["stack_name"]),
    (f"{CLOUDFORMATION}.handlers", "_imported_export_names", ["stack", "stack_name"]),
    (f"{CLOUDFORMATION}.changesets", "_find_change_set", ["cs_name", "stack_name"]),
    (
        f"{CLOUDFORMATION}.stacks",
        "_with_dependencies",
        ["logical_ids", "res_defs", "remaining"],
    ),
    (
        f"{CLOUDFORMATION}.provisioners",
        "_physical_name",
        ["stack_name", "logical_id", "lowercase", "max_len", "seeded"],
    ),
    ("ministack.services.stepfunctions", "_resolve_params_obj", ["template", "data", "ctx"]),
    ("ministack.services.stepfunctions", "_prefix_sdk_error", ["service_name", "error_code"]),
    ("ministack.services.stepfunctions", "_create_state_machine", ["data"]),
    ("ministack.services.stepfunctions", "_update_state_machine", ["data"]),
    (
        "ministack.core.iam_actions",
        "eventbridge_resource_arns",
        ["body", "region", "account_id"],
    ),
    ("ministack.core.iam_actions", "dynamodb_service_context", ["body"]),
]
# module, name, type
TABLES: list[tuple[str, str, type]] = [
    ("ministack.app", "SERVICE_REGISTRY", dict),
    ("ministack.app", "SERVICE_HANDLERS", dict),
    ("ministack.app", "_loaded_modules", dict),
    ("ministack.core.router", "SERVICE_PATTERNS", dict),
    ("ministack.core.iam_actions", "SERVICE_TO_IAM_NAMESPACE", dict),
    ("ministack.core.iam_evaluator", "_POLICY_REQUIRED", frozenset),
    ("ministack.services.s3", "_SSE_STORED_HEADERS", tuple),
    ("ministack.services.sts", "_sessions", dict),
    ("ministack.services.stepfunctions", "_AWS_SDK_SERVICE_MAP", dict),
    ("ministack.services.stepfunctions", "_AWS_SDK_ERROR_PREFIX", dict),
    ("ministack.services.tagging", "_COLLECTORS", dict),
    ("ministack.services.tagging", "_RESOURCE_TAG_COLLECTORS", dict),
    (f"{CLOUDFORMATION}.handlers", "_ACTION_HANDLERS", dict),
    (f"{CLOUDFORMATION}.provisioners", "_RESOURCE_HANDLERS", dict),
    (f"{CLOUDFORMATION}.provisioners", "_REPLACING_PROPERTIES", dict),
    (f"{CLOUDFORMATION}.provisioners", "_CUSTOM_NAME_REPLACEMENT", dict),
    (f"{CLOUDFORMATION}.provisioners", "_STACK_TAG_PROPERTY", dict),
    (f"{CLOUDFORMATION}.provisioners", "_S3_BUCKET_CONFIGURATIONS", tuple),
]


def test_the_release_is_the_one_that_was_measured() -> None:
    assert importlib.metadata.version("ministack") == "1.5.33"


@pytest.mark.parametrize("patch", registry.load().patches, ids=lambda patch: str(patch.target))
def test_a_patch_fits_what_it_replaces(patch: Patch) -> None:
    assert registry.PATCHES.mismatch(patch) is None


@pytest.mark.parametrize(("module", "name", "parameters"), FUNCTIONS)
def test_a_function_has_the_parameters_that_callers_pass(
    module: str, name: str, parameters: list[str]
) -> None:
    assert list(inspect.signature(named(module, name)).parameters) == parameters


@pytest.mark.parametrize(("module", "name", "kind"), TABLES)
def test_a_table_is_of_its_kind(module: str, name: str, kind: type) -> None:
    assert isinstance(named(module, name), kind)
