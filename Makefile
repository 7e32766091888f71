# La plateforme en deux commandes : make demo, make test. « make help » les liste toutes.
PYTHON ?= python3.11
PORT ?= 8000
ONLY ?=
SCALE ?= 1
export ONLY SCALE

VENV := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help demo accounts test run stop bench lint fix lock prepare prepare-test

help: ## cette aide
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-10s %s\n' "$$name" "$$text"; done

demo: prepare ## la plateforme et ses données de démonstration (PORT=8000)
	@$(VENV)/python -m scripts.demo --port $(PORT)

accounts: ## le code du moment de chaque compte de la démonstration
	@$(VENV)/python -m scripts.services run $(VENV)/python manage.py demo_codes

test: prepare-test ## la vérification complète : style, types, imports, migrations, tests, navigateur
	@$(VENV)/python -m scripts.check

run: prepare ## pour développer : sans données de démonstration, code rechargé à chaud (PORT=8000)
	@$(VENV)/python -m scripts.demo --develop --port $(PORT)

stop: ## arrête PostgreSQL et Redis de ce dossier, restés en marche après des tests ou un arrêt brutal
	@$(VENV)/python -m scripts.services stop
	@$(VENV)/python -m scripts.services --test stop

bench: prepare ## les mesures (ONLY=matching : un domaine ; SCALE=0.1 : un dixième du volume)
	@$(VENV)/python -m scripts.services run $(VENV)/python -m bench

lint: prepare ## les vérifications rapides, sans les tests
	@$(VENV)/python -m scripts.check --static

fix: prepare ## met en forme et corrige ce qui peut l'être
	@$(VENV)/ruff check --fix --quiet . ; $(VENV)/ruff format --quiet . ; $(VENV)/djlint --reformat --quiet templates

lock: prepare ## recalcule requirements/ depuis pyproject.toml (sans adresse de dépôt)
	@for target in base "dev --extra dev --constraint requirements/base.txt"; do set -- $$target; name=$$1; shift; \
		$(VENV)/uv pip compile pyproject.toml --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --custom-compile-command "make lock" --output-file requirements/$$name.txt "$$@"; done

prepare:
	@$(PYTHON) scripts/prepare.py

prepare-test:
	@$(PYTHON) scripts/prepare.py --test
