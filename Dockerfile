# One image for every process: `serve`, `work`, `migrate` (see compose.yaml and docs/operate.md).
FROM python:3.11-slim-bookworm AS build
WORKDIR /lychgate
RUN python -m venv /opt/lychgate
COPY requirements.lock .
RUN /opt/lychgate/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md ./
COPY app app
COPY migrations migrations
RUN /opt/lychgate/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/lychgate lychgate \
    && install -d -o lychgate -g lychgate -m 700 /var/lib/lychgate/storage
COPY --from=build /opt/lychgate /opt/lychgate
ENV PATH=/opt/lychgate/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LYCHGATE_HOME_DIR=/var/lib/lychgate \
    LYCHGATE_LOG_FORMAT=json
USER lychgate
WORKDIR /var/lib/lychgate
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["lychgate"]
CMD ["serve", "--host", "0.0.0.0", "--no-background"]
