"""The model that the examples serve: an image, and data in the bucket of the stores."""

from stores import Stores

from mlops_constructs.hosting import ModelSource


def churn_model(stores: Stores) -> ModelSource:
    """Returns a serving image with model data; a project would use a model package."""
    return ModelSource.from_image(
        stores.repository,
        tag_or_digest="1",
        model_data_bucket=stores.bucket,
        model_data_key="models/churn/model.tar.gz",
    )
