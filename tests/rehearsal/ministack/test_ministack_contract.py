"""ministack's private names that the adapter uses: a new release that moves one is seen here."""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect

import pytest

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
    ("ministack.core.iam_evaluator", "_first_match", ["ctx", "stmts", "effect"]),
    ("ministack.core.iam_evaluator", "_principal_keys", ["credential"]),
    ("ministack.services.sts", "_principal_keys", ["credential"]),
    ("ministack.services.sts", "register_session", ["access_key", "session"]),
    ("ministack.core.iam_evaluator", "_resolve_condition_key", ["key", "ctx"]),
    ("ministack.services.s3", "_bucket_owner_account", ["name"]),
    (
        "ministack.services.s3",
        "_foreign_bucket_allows",
        ["owner_account", "bucket_name", "key", "method", "query_params", "caller", "headers"],
    ),
    (
        "ministack.core.iam_evaluator",
        "evaluate_trust_policy",
        ["trust_doc", "caller_arn", "ctx"],
    ),
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
    ("ministack.services.sts", "register_session", ["access_key", "session"]),
    ("ministack.services.iam", "policy_known", ["arn", "account_id"]),
    ("ministack.services.eventbridge", "_put_events", ["data", "allow_aws_source"]),
    ("ministack.services.eventbridge", "_invoke_target", ["target", "event", "rule", "view"]),
    ("ministack.services.eventbridge", "_pattern_event_view", ["event"]),
    ("ministack.services.eventbridge", "_apply_input_transformer", ["transformer", "rule", "view"]),
    (
        "ministack.services.eventbridge",
        "_dispatch_to_event_bus",
        ["spec", "event", "rule", "event_path", "target_input_payload"],
    ),
    ("ministack.services.eventbridge", "_put_permission", ["data"]),
    ("ministack.services.eventbridge", "_ensure_default_bus", []),
    ("ministack.services.eventbridge", "parse_arn", ["value"]),
    (
        "ministack.core.iam_evaluator",
        "evaluate_resource_policy",
        ["doc", "ctx", "service", "named_only", "direct_only"],
    ),
    ("ministack.services.eventbridge", "_validate_target_arn", ["target"]),
    (
        "ministack.services.cloudwatch",
        "record_metric",
        ["namespace", "metric_name", "value", "unit", "dimensions"],
    ),
    ("ministack.services.s3", "_delete_bucket", ["name"]),
    (
        "ministack.services.s3",
        "_dispatch",
        ["method", "bucket", "key", "headers", "body", "query_params"],
    ),
    ("ministack.services.s3", "_get_object", ["bucket_name", "key", "headers", "query_params"]),
    ("ministack.services.s3", "_put_object", ["bucket_name", "key", "body", "headers"]),
    ("ministack.services.s3", "_resolve_sse_write_headers", ["headers", "bucket_name"]),
    ("ministack.services.s3", "_check_sse_read_headers", ["headers", "obj"]),
    ("ministack.services.s3", "_check_sse_c_copy_source", ["headers", "src_obj"]),
    ("ministack.services.s3", "_check_sse_c_part", ["headers", "upload"]),
    ("ministack.services.s3", "_get_object_data", ["bucket_name", "key", "version_id"]),
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
    ("ministack.services.lambda_svc", "_execute_function_with_config_scope", ["func", "event"]),
    ("ministack.services.lambda_svc", "_fetch_code_from_s3", ["bucket", "key", "version_id"]),
    ("ministack.services.lambda_svc", "_get_func_record_for_ref", ["function_ref"]),
    (f"{CLOUDFORMATION}.custom_resource", "deliver_response", ["token", "response"]),
    (f"{CLOUDFORMATION}.engine", "_evaluate_conditions", ["template", "params"]),
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
    (
        f"{CLOUDFORMATION}.helpers",
        "_resolve_document",
        ["params", "body_key", "url_key", "label"],
    ),
    (f"{CLOUDFORMATION}.handlers", "_resolve_stack", ["stack_name"]),
    (f"{CLOUDFORMATION}.handlers", "_imported_export_names", ["stack", "stack_name"]),
    (f"{CLOUDFORMATION}.changesets", "_find_change_set", ["cs_name", "stack_name"]),
    (f"{CLOUDFORMATION}.stacks", "_runs_on_worker_thread", ["resource_type"]),
    (
        f"{CLOUDFORMATION}.stacks",
        "_delete_stack_async",
        ["stack_name", "stack_id", "retain_resources", "force"],
    ),
    (
        f"{CLOUDFORMATION}.stacks",
        "_with_dependencies",
        ["logical_ids", "res_defs", "remaining"],
    ),
    (
        f"{CLOUDFORMATION}.stacks",
        "_resolve_stack_outputs",
        [
            "outputs_defs",
            "conditions",
            "resources",
            "param_values",
            "mappings",
            "stack_name",
            "stack_id",
        ],
    ),
    (
        f"{CLOUDFORMATION}.provisioners",
        "_provision_resource",
        ["resource_type", "logical_id", "props", "stack_name"],
    ),
    (
        f"{CLOUDFORMATION}.provisioners",
        "_update_resource",
        [
            "resource_type",
            "physical_id",
            "old_props",
            "new_props",
            "stack_name",
            "logical_id",
            "old_attrs",
        ],
    ),
    (
        f"{CLOUDFORMATION}.provisioners",
        "_delete_resource",
        ["resource_type", "physical_id", "props", "stack_name", "logical_id"],
    ),
    (
        f"{CLOUDFORMATION}.provisioners",
        "_physical_name",
        ["stack_name", "logical_id", "lowercase", "max_len", "seeded"],
    ),
    ("ministack.services.stepfunctions", "_run_execution", ["exec_arn"]),
    ("ministack.services.stepfunctions", "_test_state", ["data"]),
    ("ministack.services.stepfunctions", "_invoke_resource", ["resource", "input_data"]),
    (
        "ministack.services.stepfunctions",
        "_invoke_with_callback",
        ["resource", "input_data", "token", "state_def"],
    ),
    ("ministack.services.stepfunctions", "_invoke_aws_sdk_integration", ["resource", "input_data"]),
    ("ministack.services.stepfunctions", "_read_map_items", ["reader", "effective", "ctx"]),
    ("ministack.services.stepfunctions", "_s3_object_text", ["bucket", "key"]),
    (
        "ministack.services.stepfunctions",
        "_run_distributed_map",
        ["state_def", "raw_input", "effective", "iterator", "execution", "ctx"],
    ),
    ("ministack.services.stepfunctions", "_resolve_params_obj", ["template", "data", "ctx"]),
    ("ministack.services.stepfunctions", "_prefix_sdk_error", ["service_name", "error_code"]),
    ("ministack.services.stepfunctions", "_create_state_machine", ["data"]),
    ("ministack.services.stepfunctions", "_update_state_machine", ["data"]),
    (
        "ministack.app",
        "call_service_handler_sync",
        ["handler", "method", "path", "headers", "body", "query_params", "timeout"],
    ),
    (
        "ministack.core.iam_actions",
        "eventbridge_resource_arns",
        ["body", "region", "account_id"],
    ),
    ("ministack.core.iam_actions", "dynamodb_service_context", ["body"]),
    ("ministack.core.iam_evaluator", "_resolve_condition_key", ["key", "ctx"]),
    ("ministack.app", "fix_success_content_type", ["service", "status", "headers"]),
    ("ministack.app", "fix_error_content_type", ["service", "status", "headers"]),
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


@pytest.mark.parametrize(("module", "name", "parameters"), FUNCTIONS)
def test_a_function_takes_what_the_adapter_gives(
    module: str, name: str, parameters: list[str]
) -> None:
    assert list(inspect.signature(named(module, name)).parameters) == parameters


@pytest.mark.parametrize(("module", "name", "kind"), TABLES)
def test_a_table_is_of_its_kind(module: str, name: str, kind: type) -> None:
    assert isinstance(named(module, name), kind)
