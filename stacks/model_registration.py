"""Registration of MLflow's models, by the value of the settings."""

from mlops_constructs.studio import ModelRegistrationMode
from stacks.settings.studio import ModelRegistration

MODEL_REGISTRATION = {
    ModelRegistration.AUTOMATIC: ModelRegistrationMode.AUTOMATIC,
    ModelRegistration.MANUAL: ModelRegistrationMode.MANUAL,
}
