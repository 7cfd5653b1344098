"""Merge expression datasets, train and measure the CNN. Knows nothing of Prefect, MLflow, DVC, or `cascade/`."""
