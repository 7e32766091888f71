import os
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Already compressed, or never sent to a browser.
SKIPPED_EXTENSIONS = ("svg", "png", "jpg", "woff", "woff2", "ico", "map", "md", "gz", "pdf")


class CompressedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """gzip only: brotli at its highest level takes a minute over the design system for a few kilobytes."""

    manifest_strict = True

    def create_compressor(self, **kwargs: Any) -> Compressor:
        return Compressor(**{**kwargs, "use_brotli": False, "extensions": SKIPPED_EXTENSIONS})


class PrivateFileSystemStorage(FileSystemStorage):
    """Writes a file whole or not at all: a process killed on the way leaves nothing under the file's name."""

    def _save(self, name: str, content: File) -> str:
        part: str = super()._save(f"{name}.part", content)  # type: ignore[misc, unused-ignore]  # Not in the stubs.
        with Path(self.path(part)).open("rb") as written:
            os.fsync(written.fileno())
        while True:
            try:
                # A link, where a rename would replace: two files never share a name.
                os.link(self.path(part), self.path(name))
            except FileExistsError:
                name = self.get_available_name(name)
            else:
                self.delete(part)
                return name
