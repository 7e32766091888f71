import os
import stat
import threading

import pytest
from django.core.files.base import ContentFile, File

from common.storage import PrivateFileSystemStorage


@pytest.fixture
def storage(tmp_path):
    return PrivateFileSystemStorage(location=tmp_path, file_permissions_mode=0o600, directory_permissions_mode=0o700)


def names(tmp_path):
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


def test_a_file_is_written_for_its_owner_only(storage, tmp_path):
    name = storage.save("a/b/c.pdf", ContentFile(b"contenu"))

    assert (tmp_path / name).read_bytes() == b"contenu"
    assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(tmp_path / "a").st_mode) == 0o700
    assert names(tmp_path) == ["c.pdf"]


def test_a_write_that_stops_halfway_leaves_nothing_under_the_name(storage, tmp_path):
    class Cut(File):
        def chunks(self, chunk_size=None):
            yield b"moitie"
            raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        storage.save("c.pdf", Cut(None))

    assert not storage.exists("c.pdf")
    assert storage.save("c.pdf", ContentFile(b"entier")) == "c.pdf"


def test_two_files_never_share_a_name(storage, tmp_path):
    saved = []
    barrier = threading.Barrier(20)

    def save(n):
        barrier.wait()
        saved.append((storage.save("c.pdf", ContentFile(b"%d" % n)), n))

    threads = [threading.Thread(target=save, args=[n]) for n in range(20)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert len({name for name, _ in saved}) == 20
    assert all((tmp_path / name).read_bytes() == b"%d" % n for name, n in saved)
