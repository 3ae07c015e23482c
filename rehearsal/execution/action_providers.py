"""The actions that the rehearsal can run; CreatePipeline refuses all others by name."""

from __future__ import annotations

from rehearsal.execution.action_cloudformation import CLOUDFORMATION
from rehearsal.execution.action_codebuild import CODEBUILD_BUILD, CODEBUILD_TEST
from rehearsal.execution.action_codecommit import CODECOMMIT
from rehearsal.execution.action_connection import CONNECTION
from rehearsal.execution.action_ecr_build import ECR_BUILD_AND_PUBLISH
from rehearsal.execution.action_inspector_scan import INSPECTOR_SCAN
from rehearsal.execution.action_lambda import LAMBDA
from rehearsal.execution.action_manual_approval import MANUAL_APPROVAL
from rehearsal.execution.action_s3_source import S3_SOURCE
from rehearsal.execution.codepipeline_action import ActionProvider

PROVIDERS: dict[tuple[str, str], ActionProvider] = {
    provider.identifier: provider
    for provider in (
        CODECOMMIT,
        CONNECTION,
        S3_SOURCE,
        CODEBUILD_BUILD,
        CODEBUILD_TEST,
        ECR_BUILD_AND_PUBLISH,
        CLOUDFORMATION,
        INSPECTOR_SCAN,
        LAMBDA,
        MANUAL_APPROVAL,
    )
}
