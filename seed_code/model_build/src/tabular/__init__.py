"""XGBoost on tabular data for Amazon SageMaker: preprocessing, training, evaluation, serving."""
