"""Model quality: problem types and their metrics, as SageMaker Model Monitor names them."""
