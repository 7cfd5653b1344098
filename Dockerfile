# What a Docker or Kubernetes work pool runs (docs/orchestration.md). Build: docker build --tag facefoundry .
FROM python:3.12-slim-bookworm

ENV DO_NOT_TRACK=true \
    MLFLOW_DISABLE_TELEMETRY=true \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    DVC_NO_ANALYTICS=1 \
    PIP_NO_CACHE_DIR=1

WORKDIR /facefoundry
COPY requirements.lock ./
RUN pip install --require-hashes --requirement requirements.lock
COPY . .
RUN pip install --no-deps --no-build-isolation --editable . \
    && useradd --uid 1000 --create-home factory \
    && mkdir data work \
    && chown factory data work
USER factory
CMD ["facefoundry", "--help"]
