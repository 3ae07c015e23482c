"""The actions that the rehearsal runs; CreatePipeline rejects all others."""

from __future__ import annotations

from rehearsal.services.codepipeline.actions.action import ActionProvider
from rehearsal.services.codepipeline.actions.cloudformation import CLOUDFORMATION
from rehearsal.services.codepipeline.actions.codebuild import CODEBUILD_BUILD, CODEBUILD_TEST
from rehearsal.services.codepipeline.actions.codecommit import CODECOMMIT
from rehearsal.services.codepipeline.actions.connection import CONNECTION
from rehearsal.services.codepipeline.actions.ecr_build import ECR_BUILD_AND_PUBLISH
from rehearsal.services.codepipeline.actions.inspector_scan import INSPECTOR_SCAN
from rehearsal.services.codepipeline.actions.lambda_function import LAMBDA
from rehearsal.services.codepipeline.actions.manual_approval import MANUAL_APPROVAL
from rehearsal.services.codepipeline.actions.s3_source import S3_SOURCE

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
