# The desk's images: `--target desk` for desk, worker and migrations, `--target ops` with PostgreSQL's client as
# well, for backups.
#
#   docker build -f deploy/desk.Dockerfile --target desk --build-arg DATA=clinic/data \
#     --build-arg NODE_IMAGE=node@sha256:… \
#     --build-arg PYTHON312_BUILD_IMAGE=python@sha256:… --build-arg PYTHON312_IMAGE=python@sha256:… .
#
# Base images are named by digest only, Python's packages by the hashes of requirements/, npm's by those of
# widget/package-lock.json. DATA is the clinic's data folder, the same as in the bot's images.
ARG NODE_IMAGE
ARG PYTHON312_BUILD_IMAGE
ARG PYTHON312_IMAGE

FROM ${NODE_IMAGE} AS widget
WORKDIR /build
COPY widget/package.json widget/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY widget/vite.config.ts widget/tsconfig.json ./
COPY widget/src src
RUN npm run check && npm run build

# Packages: on the full image, whose compiler stays behind.
FROM ${PYTHON312_BUILD_IMAGE} AS packages
WORKDIR /build
COPY requirements/uv.txt requirements/desk.txt ./
RUN python -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r uv.txt \
 && /opt/uv/bin/uv venv --python /usr/local/bin/python3.12 /opt/desk \
 && /opt/uv/bin/uv pip sync --no-cache --compile-bytecode --require-hashes --python /opt/desk desk.txt

FROM ${PYTHON312_IMAGE} AS desk
RUN python -m pip uninstall --yes --root-user-action ignore pip
COPY --from=packages /opt/desk /opt/desk
ENV PATH=/opt/desk/bin:$PATH \
    PYTHONPATH=/srv/desk \
    PYTHONUTF8=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    XDG_CACHE_HOME=/tmp/cache \
    DESK_GATE=/srv/desk/gate
WORKDIR /srv/desk
COPY core core
COPY actions actions
COPY desk desk
COPY tools tools
COPY tests/safety gate/safety
COPY tests/nlu/frozen.csv gate/nlu/frozen.csv
COPY tests/conversations gate/conversations
COPY --from=widget /build/dist widget/dist
ARG DATA=data
COPY ${DATA} data
# Rules and samples are read and learnt here, once, instead of by every process while patients wait for it.
ENV DESK_READY=/srv/desk/ready/patient-desk
RUN XDG_CACHE_HOME=/srv/desk/ready python -m tools.screen < /dev/null \
 && chmod -R a+rX ready
# A number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 10001:10001
CMD ["python", "-m", "uvicorn", "--lifespan", "on", "--host", "0.0.0.0", "--port", "8000", "--no-access-log", "--timeout-graceful-shutdown", "2", "desk.asgi:application"]

FROM desk AS ops
USER 0:0
# Its version is that of the base image's distribution, which the digest fixes; at least the server's.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
CMD ["python", "-m", "tools.backup", "create", "--to", "/backups"]
