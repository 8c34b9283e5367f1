# The bot's images: `--target actions` is the action server, `--target rasa` Rasa with its model.
#
#   docker build -f deploy/bot.Dockerfile --target rasa --build-arg DATA=clinic/data \
#     --build-arg PYTHON310_BUILD_IMAGE=python@sha256:… --build-arg PYTHON310_IMAGE=python@sha256:… .
#
# Base images are named by digest only (`docker buildx imagetools inspect python:3.10-slim-bookworm`), packages
# by the hashes of requirements/. DATA is the clinic's data folder, the same as in the desk's image.
ARG PYTHON310_BUILD_IMAGE
ARG PYTHON310_IMAGE

# Packages: on the full image, whose compiler stays behind.
FROM ${PYTHON310_BUILD_IMAGE} AS packages
WORKDIR /build
COPY requirements/uv.txt requirements/bot.txt ./
RUN python -m venv /opt/uv \
 && /opt/uv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r uv.txt \
 && /opt/uv/bin/uv venv --python /usr/local/bin/python3.10 /opt/bot \
 && /opt/uv/bin/uv pip sync --no-cache --compile-bytecode --require-hashes --python /opt/bot bot.txt

FROM ${PYTHON310_IMAGE} AS bot
# The folders are where the action server keeps the last table (KNOWLEDGE_COPY), and where training keeps its log.
RUN python -m pip uninstall --yes --root-user-action ignore setuptools wheel pip \
 && install -d -o 10001 -g 10001 /var/lib/desk /srv/desk/.run
COPY --from=packages /opt/bot /opt/bot
ENV PATH=/opt/bot/bin:$PATH \
    PYTHONPATH=/srv/desk \
    PYTHONUTF8=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    XDG_CACHE_HOME=/tmp/cache \
    DESK_BOT=/opt/bot \
    RASA_TELEMETRY_ENABLED=false
WORKDIR /srv/desk
COPY config.yml domain.yml endpoints.yml credentials.yml ./
COPY core core
COPY nlu nlu
COPY channels channels
COPY actions actions
COPY tools tools
ARG DATA=data
COPY ${DATA} data
# Rules and samples are read and learnt here, once, instead of by every process while patients wait for it.
ENV DESK_READY=/srv/desk/ready/patient-desk
RUN XDG_CACHE_HOME=/srv/desk/ready python -m tools.screen < /dev/null \
 && chmod -R a+rX ready
# A number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 10001:10001

FROM bot AS trained
COPY requirements/bot.txt requirements/bot.txt
ENV DESK_MODEL=/tmp/models/patient-desk.tar.gz \
    RASA_CACHE_DIRECTORY=/tmp/rasa-cache
RUN mkdir /tmp/models && python -m tools.train --force

FROM bot AS actions
CMD ["python", "-m", "tools.serve", "actions"]

# A model is a layer of its own: a new one is a new digest, going back is the old digest, and the two answer
# side by side while one takes over from the other.
FROM bot AS rasa
COPY --from=trained /tmp/models models
CMD ["python", "-m", "tools.serve", "rasa"]
