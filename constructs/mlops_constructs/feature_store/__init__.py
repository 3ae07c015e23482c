"""Feature groups: records of features for training and for inference."""

from .catalog_table import CatalogTable
from .feature import Feature
from .feature_group import FeatureGroup
from .feature_group_base import FeatureGroupBase, FeatureGroupMetricOptions
from .feature_group_role import FeatureGroupRole
from .feature_schema import FeatureSchema
from .offline_store import OfflineStore
from .online_store import OnlineStore
from .schema_lock import SchemaLock
from .throughput import Throughput

__all__ = [
    "CatalogTable",
    "Feature",
    "FeatureGroup",
    "FeatureGroupBase",
    "FeatureGroupMetricOptions",
    "FeatureGroupRole",
    "FeatureSchema",
    "OfflineStore",
    "OnlineStore",
    "SchemaLock",
    "Throughput",
]
