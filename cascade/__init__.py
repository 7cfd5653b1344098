"""Train, run and measure OpenCV cascades. Knows nothing of Prefect, MLflow, DVC, Keras, or `cnn/`."""
