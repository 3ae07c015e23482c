"""A convolutional network of Keras on images for Amazon SageMaker."""
