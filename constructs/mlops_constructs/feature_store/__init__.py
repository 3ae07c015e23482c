"""Feature groups: features for training and for inference."""

from .catalog_table import CatalogTable
from .feature import Feature
from .feature_files import FeatureFiles
from .feature_group import FeatureGroup
from .feature_group_base import FeatureGroupBase
from .feature_group_metrics import FeatureGroupMetricOptions
from .feature_group_role import FeatureGroupRole
from .feature_ingestion import FeatureIngestion
from .feature_schema import FeatureSchema
from .ingestion_job import IngestionJob
from .offline_store import OfflineStore
from .online_store import OnlineStore
from .schema_lock import SchemaLock
from .target_stores import TargetStores
from .throughput import Throughput

__all__ = [
    "CatalogTable",
    "Feature",
    "FeatureFiles",
    "FeatureGroup",
    "FeatureGroupBase",
    "FeatureGroupMetricOptions",
    "FeatureGroupRole",
    "FeatureIngestion",
    "FeatureSchema",
    "IngestionJob",
    "OfflineStore",
    "OnlineStore",
    "SchemaLock",
    "TargetStores",
    "Throughput",
]
