# Build:  docker build -t youju .
# CUDA:   docker build -t youju:cuda --build-arg TORCH_INDEX=<PyTorch's CUDA index> .
# DOC, PPT: docker build -t youju --build-arg LIBREOFFICE=yes .
FROM python:3.11-slim-bookworm AS build
ARG EXTRAS=bundled,office,ocr
# An extra package index for PyTorch: its CPU or CUDA builds. Empty: the default build.
ARG TORCH_INDEX=
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src
COPY constraints.txt ./
RUN PIP_EXTRA_INDEX_URL="$TORCH_INDEX" pip install -c constraints.txt torch
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY app app
COPY evaluation evaluation
COPY generation generation
COPY ingestion ingestion
COPY models models
COPY retrieval retrieval
COPY training training
RUN pip install -c constraints.txt ".[$EXTRAS]"
# The models are part of the image: a container starts at once and its root can be read-only.
RUN YOUJU_MODELS_DIR=/opt/models youju models prepare

FROM python:3.11-slim-bookworm
# Not empty: LibreOffice's Writer and Impress, which turn DOC and PPT into DOCX and PPTX.
ARG LIBREOFFICE=
# OpenMP for PyTorch and FAISS.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
       ${LIBREOFFICE:+libreoffice-writer-nogui libreoffice-impress-nogui} \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home youju \
    && install -d -o youju -g youju /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/models /opt/models
COPY LICENSE NOTICE /opt/
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    YOUJU_DATA_DIR=/data \
    YOUJU_MODELS_DIR=/opt/models \
    YOUJU_HOST=0.0.0.0
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["youju", "serve"]
