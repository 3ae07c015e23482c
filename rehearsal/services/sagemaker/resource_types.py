"""CloudFormation types of SageMaker."""

from rehearsal.cloudformation.resource_types import ResourceType
from rehearsal.services.sagemaker.experiments import resource_types as experiments
from rehearsal.services.sagemaker.feature_store import resource_types as feature_store
from rehearsal.services.sagemaker.hosting import resource_types as hosting
from rehearsal.services.sagemaker.lineage import resource_types as lineage
from rehearsal.services.sagemaker.monitoring import resource_types as monitoring
from rehearsal.services.sagemaker.notebooks import resource_types as notebooks
from rehearsal.services.sagemaker.pipelines import resource_types as pipelines
from rehearsal.services.sagemaker.projects import resource_types as projects
from rehearsal.services.sagemaker.registry import resource_types as registry
from rehearsal.services.sagemaker.studio import resource_types as studio

RESOURCE_TYPES: list[ResourceType] = [
    *experiments.RESOURCE_TYPES,
    *feature_store.RESOURCE_TYPES,
    *hosting.RESOURCE_TYPES,
    *lineage.RESOURCE_TYPES,
    *monitoring.RESOURCE_TYPES,
    *notebooks.RESOURCE_TYPES,
    *pipelines.RESOURCE_TYPES,
    *projects.RESOURCE_TYPES,
    *registry.RESOURCE_TYPES,
    *studio.RESOURCE_TYPES,
]
