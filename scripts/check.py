"""The full check, called by `make test`: static checks first, then every test. CI runs the same.

Every step runs, so that one run tells all that is wrong; pytest's closing line is the last one.
"""

import argparse
import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from scripts.services import ROOT, TEST, ServiceError

# What production refuses to start without; nothing is contacted by `check`.
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "conseiller.settings.production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "ALLOWED_HOSTS": "conseiller.example",
    "SITE_URL": "https://conseiller.example",
    "CLAMAV_URL": "tcp://clamav:3310",
}
DEPLOY = "check --deploy --fail-level WARNING"
TEST_DATABASE = "base de test"
STEPS: dict[str, tuple[list[str], dict[str, str]]] = {
    "types": (["mypy", "."], {}),
    TEST_DATABASE: (["python", "-m", "scripts.test_database"], {}),
    "format": (["ruff", "format", "--check", "."], {}),
    "lint": (["ruff", "check", "."], {}),
    "gabarits, mise en forme": (["djlint", "--check", "templates"], {}),
    "gabarits": (["djlint", "--lint", "templates"], {}),
    "imports": (["lint-imports"], {}),
    "règles maison": (["python", "-m", "scripts.house_rules"], {}),
    "migrations": (["python", "manage.py", "makemigrations", "--check", "--dry-run"], {}),
    "déploiement": (["python", "manage.py", *DEPLOY.split()], PRODUCTION),
}
SEED = 20201117
TEST_SETTINGS = {"DJANGO_SETTINGS_MODULE": "conseiller.settings.test"}


def run_step(name: str, services: dict[str, str]) -> bool:
    """Run one static check; its output is shown only if it fails."""
    command, environment = STEPS[name]
    start = time.monotonic()
    done = subprocess.run(
        [str(ROOT / ".venv" / "bin" / command[0]), *command[1:]],
        cwd=ROOT,
        env={**os.environ, **services, **TEST_SETTINGS, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    verdict = "OK" if done.returncode == 0 else f"ÉCHEC (code {done.returncode})"
    report = f"{name:<24} {verdict:<16} {time.monotonic() - start:5.1f} s"
    print(report if done.returncode == 0 else f"{report}\n{done.stdout}", flush=True)
    return done.returncode == 0


def run_static_checks(services: dict[str, str], *, before_tests: bool) -> bool:
    steps = [name for name in STEPS if before_tests or name != TEST_DATABASE]
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = dict(zip(steps, pool.map(lambda name: run_step(name, services), steps), strict=True))
    failed = [name for name, ok in passed.items() if not ok]
    if failed:
        print(f"Échecs : {', '.join(failed)}", flush=True)
    return not failed


def run_tests(services: dict[str, str], arguments: list[str]) -> bool:
    # What is drawn is drawn alike each time: a verdict is on the code, and can be had again. `pytest` alone draws anew.
    same = [f"--randomly-seed={SEED}", "--hypothesis-profile=check"]
    pytest = [str(ROOT / ".venv" / "bin" / "pytest"), "-n", "2", "--dist", "worksteal", "-rfEs", *same, *arguments]
    environment = {**os.environ, **services, "TEST_TEMPLATE": "test_conseiller"}
    return subprocess.run(pytest, cwd=ROOT, env=environment, check=False).returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description="La vérification complète.")
    parser.add_argument("--static", action="store_true", help="sans les tests")
    arguments, for_pytest = parser.parse_known_args()
    started: list[str] = []
    try:
        started = TEST.start()
        services = TEST.environment()
        passed = run_static_checks(services, before_tests=not arguments.static)
        if not arguments.static:
            passed = run_tests(services, for_pytest) and passed
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        TEST.stop(started)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
