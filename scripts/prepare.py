"""Make the checkout ready: virtual environment, locked packages, system libraries.

Runs on a bare Python, before anything is installed: standard library only. Each step is skipped
when nothing has changed, so that calling it before every command costs a moment.
"""

import argparse
import ctypes
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements" / "dev.txt"
STAMP = VENV / "conseiller-lock.txt"


class PrepareError(Exception):
    """Something is missing that only the person can provide; the message says what."""


# System packages -------------------------------------------------------------------------------


def _library(name: str) -> Callable[[], bool]:
    def is_present() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return is_present


def _font(path: str) -> Callable[[], bool]:
    return (Path("/usr/share/fonts/truetype") / path).exists


def _ensurepip() -> bool:
    return PYTHON.exists() or importlib.util.find_spec("ensurepip") is not None


# Debian package -> is it there? WeasyPrint draws with them.
RUN_PACKAGES: dict[str, Callable[[], bool]] = {
    f"python{sys.version_info.major}.{sys.version_info.minor}-venv": _ensurepip,
    "libpango-1.0-0": _library("libpango-1.0.so.0"),
    "libpangoft2-1.0-0": _library("libpangoft2-1.0.so.0"),
    "libharfbuzz-subset0": _library("libharfbuzz-subset.so.0"),
    "fonts-dejavu-core": _font("dejavu/DejaVuSans.ttf"),
    "fonts-wqy-zenhei": _font("wqy/wqy-zenhei.ttc"),  # Names written in Chinese, Japanese, Korean.
}
TEST_PACKAGES = RUN_PACKAGES | {
    "chromium-headless-shell": lambda: shutil.which("chromium-headless-shell") is not None,
    "libatomic1": _library("libatomic.so.1"),  # Playwright's driver needs it and does not bring it.
}


def _privilege() -> list[str] | None:
    """Return the prefix that lets us run apt: nothing as root, sudo if it asks no password."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
        if asked.returncode == 0:
            return ["sudo", "-n"]
    return None


def install_system_packages(packages: dict[str, Callable[[], bool]]) -> None:
    missing = [name for name, is_present in packages.items() if not is_present()]
    if not missing:
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    prefix = _privilege()
    if prefix is None or shutil.which("apt-get") is None:
        raise PrepareError(
            "Il manque des paquets du système. Installez-les, puis relancez la commande :\n\n"
            f"    sudo apt-get update && sudo {' '.join(install)}\n"
        )
    _say(f"Paquets du système : {' '.join(missing)}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    _run([*apt, "apt-get", "update", "-q"], quiet=True)
    _run([*apt, *install, "-q", "-o", "DPkg::Lock::Timeout=300"], quiet=True)
    # The loader caches what it did not find: only a new process sees a library installed meanwhile.


# Python packages -------------------------------------------------------------------------------


def _fingerprint() -> str:
    """Say what the environment was made from; a moved folder has stale paths in its scripts."""
    return f"{VENV.resolve()}\n{hashlib.sha256(LOCK.read_bytes()).hexdigest()}\n"


def _installed() -> str:
    return STAMP.read_text() if STAMP.exists() and PYTHON.exists() else ""


def _locked(package: str) -> str:
    """Return what the lock says of one package: its version and its hashes."""
    found = re.search(rf"^{package}==.*(\n .*)*", LOCK.read_text(), re.MULTILINE)
    if found is None:
        raise PrepareError(f"{LOCK} ne contient pas {package}.")
    return found.group()


def install_python_packages() -> None:
    installed, wanted = _installed(), _fingerprint()
    if installed == wanted:
        return
    if not PYTHON.exists() or (installed and installed.split("\n")[0] != wanted.split("\n")[0]):
        _say("Environnement Python : .venv")
        _run([sys.executable, "-m", "venv", "--clear", str(VENV.resolve())])
    STAMP.unlink(missing_ok=True)
    _say("Paquets Python : requirements/dev.txt")
    if not (VENV / "bin" / "uv").exists():
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--require-hashes", "-r", "/dev/stdin"], given=_locked("uv"))
    _run([str(PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--python", str(PYTHON), "--require-hashes", str(LOCK)])
    STAMP.write_text(wanted)


def _say(line: str) -> None:
    print(line, flush=True)


def _run(command: list[str], *, quiet: bool = False, given: str = "") -> None:
    """Run a command; when it fails, show what it said and stop."""
    done = subprocess.run(command, cwd=ROOT, capture_output=quiet, text=True, input=given, check=False)
    if done.returncode != 0:
        output = f"{done.stdout}{done.stderr}\n" if quiet else ""
        raise PrepareError(f"{output}Échec (code {done.returncode}) : {' '.join(command)}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Prépare ce dossier : paquets du système et de Python.")
    parser.add_argument("--test", action="store_true", help="ajoute Chromium, pour les tests de navigateur")
    arguments = parser.parse_args()
    try:
        install_system_packages(TEST_PACKAGES if arguments.test else RUN_PACKAGES)
        install_python_packages()
    except PrepareError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
