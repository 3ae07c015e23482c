"""Implementation details of ministack that the patches rely on; a release that differs fails."""

import importlib
import inspect

import pytest

from tests.rehearsal.ministack.patched import CLOUDFORMATION, named


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("ministack.services.iam", "_roles"),
        ("ministack.services.iam", "_users"),
        ("ministack.services.iam", "_groups"),
        ("ministack.services.iam", "_policies"),
        ("ministack.services.ec2", "_vpcs"),
        ("ministack.services.s3", "_buckets"),
        ("ministack.services.s3", "_bucket_tags"),
        ("ministack.services.s3", "_bucket_encryption"),
        ("ministack.services.s3", "_object_versions"),
        ("ministack.services.kms", "_keys"),
        ("ministack.services.kms", "_aliases"),
        ("ministack.services.ec2", "_security_groups"),
        ("ministack.services.ec2", "_tags"),
        ("ministack.services.eventbridge", "_event_buses"),
        ("ministack.services.sns", "_topics"),
        ("ministack.services.sqs", "_queues"),
        ("ministack.services.eventbridge", "_event_bus_policies"),
        (CLOUDFORMATION, "_stacks"),
        (CLOUDFORMATION, "_change_sets"),
        (CLOUDFORMATION, "_exports"),
    ],
)
def test_a_store_is_scoped(module: str, name: str) -> None:
    assert hasattr(named(module, name), "get_scoped")


def test_the_loop_is_kept_for_worker_threads() -> None:
    assert hasattr(importlib.import_module("ministack.app"), "_MAIN_LOOP")


@pytest.mark.parametrize("module", ["handlers", "changesets"])
def test_template_support_is_checked_where_the_patch_replaces_it(module: str) -> None:
    assert callable(named(f"{CLOUDFORMATION}.{module}", "validate_template_support"))


@pytest.mark.parametrize(
    "action",
    [
        "CreateStack",
        "UpdateStack",
        "DeleteStack",
        "CreateChangeSet",
        "ExecuteChangeSet",
        "ContinueUpdateRollback",
        "RollbackStack",
        "DescribeStacks",
        "SetStackPolicy",
    ],
)
def test_an_action_of_cloudformation_has_a_handler(action: str) -> None:
    assert list(
        inspect.signature(
            named(f"{CLOUDFORMATION}.handlers", "_ACTION_HANDLERS")[action]
        ).parameters
    ) == ["params"]


def test_invoke_custom_resource_reads_the_timeout_with_get() -> None:
    source = inspect.getsource(named(f"{CLOUDFORMATION}.custom_resource", "invoke_custom_resource"))
    assert 'props.get("ServiceTimeout"' in source


def test_a_role_s_trust_is_kept_under_its_name() -> None:
    source = inspect.getsource(importlib.import_module("ministack.services.iam"))
    assert '"AssumeRolePolicyDocument"' in source


def test_an_anonymous_request_is_known() -> None:
    assert named("ministack.core.iam_evaluator", "_anonymous").get() is False


def test_a_configuration_of_a_bucket_has_a_property_and_writes_it_through_the_api() -> None:
    for name, to_xml, put, delete in named(
        f"{CLOUDFORMATION}.provisioners", "_S3_BUCKET_CONFIGURATIONS"
    ):
        assert isinstance(name, str)
        assert len(inspect.signature(to_xml).parameters) == 1
        assert len(inspect.signature(put).parameters) == 2
        assert len(inspect.signature(delete).parameters) == 1


@pytest.mark.parametrize(
    ("caller", "called"),
    [
        ("_put_object", "_resolve_sse_write_headers"),
        ("_post_object", "_resolve_sse_write_headers"),
        ("_copy_object", "_resolve_sse_write_headers"),
        ("_create_multipart_upload", "_resolve_sse_write_headers"),
        ("_get_object", "_check_sse_read_headers"),
        ("_head_object", "_check_sse_read_headers"),
        ("_copy_object", "_check_sse_c_copy_source"),
        ("_upload_part_copy", "_check_sse_c_copy_source"),
        ("_upload_part", "_check_sse_c_part"),
        ("_upload_part_copy", "_check_sse_c_part"),
        ("_complete_multipart_upload", "_check_sse_c_part"),
    ],
)
def test_encryption_is_checked_wherever_content_moves(caller: str, called: str) -> None:
    assert f"{called}(" in inspect.getsource(named("ministack.services.s3", caller))


@pytest.mark.parametrize(
    "writer", ["_put_object", "_copy_object", "_create_multipart_upload", "_post_object"]
)
def test_an_object_keeps_the_headers_of_its_encryption(writer: str) -> None:
    assert '"preserved_headers"' in inspect.getsource(named("ministack.services.s3", writer))


@pytest.mark.parametrize("member", ["Arn", "KeyState", "KeySpec", "Policy", "Tags"])
def test_a_key_keeps_what_its_use_is_evaluated_by(member: str) -> None:
    assert f'"{member}": ' in inspect.getsource(named("ministack.services.kms", "_create_key"))


def test_a_failure_of_a_state_has_an_error_and_a_cause() -> None:
    failed = named("ministack.services.stepfunctions", "_ExecutionError")("Some.Error", "why")
    assert (failed.error, failed.cause) == ("Some.Error", "why")


@pytest.mark.parametrize("protocol", ["json", "query", "rest_json", "lambda_rest", "rest_xml"])
def test_an_aws_sdk_task_calls_its_service_with_a_credential_scope(protocol: str) -> None:
    source = inspect.getsource(
        named("ministack.services.stepfunctions", f"_dispatch_aws_sdk_{protocol}")
    )
    assert "app.call_service_handler_sync(" in source
    assert "/{service_key}/aws4_request" in source


@pytest.mark.parametrize("store", ["_executions", "_state_machines"])
def test_step_functions_keeps_records_by_arn(store: str) -> None:
    assert hasattr(named("ministack.services.stepfunctions", store), "get")
