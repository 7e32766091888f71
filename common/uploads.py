from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler


class CappedUploadHandler(FileUploadHandler):
    """Stops storing a file past the largest size any form accepts; the rest of it is read and thrown away.

    The form then sees a file that is too large, whatever its real size, and says so beside the field.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None if start > settings.UPLOAD_MAX_SIZE else raw_data

    def file_complete(self, file_size: int) -> None:
        return None  # The next handlers hold the file.
