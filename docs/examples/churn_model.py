"""The model that the examples serve: the image and the data that the stores hold."""

from stores import Stores

from mlops_constructs.hosting import ModelSource


def churn_model(stores: Stores) -> ModelSource:
    """A serving image with trained model data; a project of yours would take a package instead."""
    return ModelSource.from_image(
        stores.repository,
        tag_or_digest="1",
        model_data_bucket=stores.bucket,
        model_data_key="models/churn/model.tar.gz",
    )
