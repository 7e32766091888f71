"""A worker that counts what is marked until it is killed. Run by `bench.stats`, which kills it."""

import os
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
django.setup()

from accompagnements import cumuls  # noqa: E402  # Django first.

BATCH = 100


def main() -> None:
    while True:
        if not cumuls.refresh_some(BATCH):
            time.sleep(0.01)


if __name__ == "__main__":
    main()
