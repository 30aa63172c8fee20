# cooper in a container: docs/install.md says how to run it, and what was not tried.
# Put the digest of the base image behind its tag, in both places: ...@sha256:...

# -- packages and static files: what is needed for making them stays in this stage --
FROM python:3.11-slim-bookworm AS build
WORKDIR /opt/cooper
COPY requirements.txt ./
# wheels alone: nothing is compiled, and no package runs code while it is installed
RUN python -m venv --copies .venv \
    && .venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement requirements.txt \
    && .venv/bin/pip uninstall --yes pip setuptools
COPY . .
RUN COOPER_REGION=none .venv/bin/python manage.py collectstatic --no-input --verbosity 0

# -- the image --
FROM python:3.11-slim-bookworm
# the newest of Debian's release: its security updates count for more than a pin
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends xmlsec1 \
    && rm -rf /var/lib/apt/lists/* \
    && pip uninstall --yes pip setuptools wheel \
    && useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin cooper
COPY --from=build /opt/cooper /opt/cooper
WORKDIR /opt/cooper
ENV PATH=/opt/cooper/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
# its files are root's: it cannot change them, with a root file system that may be read-only
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "manage.py", "cooper_serve"]
