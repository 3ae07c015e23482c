"""Classification of images, from folders of files to the model of an endpoint."""
