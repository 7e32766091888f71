# One image for web, worker and beat: docker-compose.yml gives each its command.

FROM python:3.11-slim-bookworm AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/base.txt requirements.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --requirement requirements.txt

FROM python:3.11-slim-bookworm AS site
# What WeasyPrint draws with; nothing else of the system is used.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        fonts-dejavu-core fonts-wqy-zenhei libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin conseiller \
    && install --directory --owner=conseiller --mode=0700 /srv/media /srv/beat
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=conseiller.settings.production \
    MEDIA_ROOT=/srv/media \
    BEAT_SCHEDULE_FILE=/srv/beat/schedule \
    XDG_CACHE_HOME=/tmp
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
# The key only lets the settings load: nothing is signed while files are collected.
RUN SECRET_KEY=collectstatic-only python manage.py collectstatic --no-input --ignore '*.map' --ignore '*.md'
USER conseiller
EXPOSE 8000
# The probe names the site as a visitor would: any other host is refused.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-m", "scripts.probe", "/sante/vivant"]
CMD ["gunicorn", "conseiller.wsgi", "--bind=0.0.0.0:8000", "--workers=4", "--threads=4", \
     "--worker-tmp-dir=/dev/shm", "--graceful-timeout=30", "--max-requests=2000", "--max-requests-jitter=200"]
