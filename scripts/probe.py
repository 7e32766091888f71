"""Ask this machine's web process how it is: `python -m scripts.probe /sante/pret [port]`."""

import http.client
import os
import sys


def is_well(path: str, port: int) -> bool:
    """Tell whether the page answers 200, asked under a name the site accepts."""
    host = os.environ.get("ALLOWED_HOSTS", "127.0.0.1").split(",")[0].strip()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not is_well(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 8000))
