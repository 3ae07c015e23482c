"""Rules of SageMaker's requests, beyond the models.

Sources name shapes and operations of the Amazon SageMaker API Reference, or a page of the Developer
Guide.
"""

from rehearsal.framework.rules.rule import Catalogue
from rehearsal.services.sagemaker.request_rules import (
    endpoint_configs,
    endpoints,
    feature_store,
    general,
    jobs,
    models,
    monitoring,
    regions,
    registry,
    studio,
    tuning,
)

SAGEMAKER = Catalogue(
    "sagemaker",
    *general.RULES,
    *models.RULES,
    *endpoint_configs.RULES,
    *endpoints.RULES,
    *jobs.RULES,
    *tuning.RULES,
    *monitoring.RULES,
    *registry.RULES,
    *feature_store.RULES,
    *studio.RULES,
    *regions.RULES,
)
RUNTIME = Catalogue("sagemaker-runtime", *general.RUNTIME_RULES, error="ValidationError")
