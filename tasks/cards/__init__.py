"""What a model card says of each kind of model."""
