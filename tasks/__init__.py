"""The steps of `cascade/` and `cnn/` as Prefect tasks; `publish_mlflow` alone knows MLflow."""
