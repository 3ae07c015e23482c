"""A SageMaker Pipeline and its data, as the build that starts it sees them."""
