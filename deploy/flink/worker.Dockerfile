# The worker pool that stands beside every TaskManager: IMagic in a plain Python.
#   docker build -f deploy/flink/worker.Dockerfile -t imagic-worker .
FROM python:3.12-slim
WORKDIR /opt/imagic
COPY setup.py constraints.txt pyproject.toml cli.py ./
COPY imaging imaging
COPY imagic_models imagic_models
COPY crawler crawler
COPY pipelines pipelines
COPY tfds_builders tfds_builders
COPY studio studio
COPY demo demo
RUN pip install --no-cache-dir --constraint constraints.txt ".[build,enhance]" universal-pathlib s3fs gcsfs
USER nobody
ENTRYPOINT ["python", "-m", "pipelines.worker_pool"]
