# Every target only calls a command; `make help` lists them.
SHELL := /bin/bash
UV := .venv/uv/bin/uv
# What stands before the lines that tell of the environments.
STEP := 環境
BOT := .venv/bot/bin
DESK := .venv/desk/bin
# Files of tests side by side, as tests/desk/conftest.py sorts them; one more than there are cores, since
# they often wait for servers.
TOGETHER := -n $(shell expr $$(nproc) + 1) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
export PYTHONPATH := $(CURDIR)
export PYTHONUTF8 := 1
# Whatever the surroundings say: a module compiled once is not compiled again by each of a thousand processes.
export PYTHONDONTWRITEBYTECODE :=
export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
export UV_PYTHON_PREFERENCE := system

.PHONY: help
help: ## lists the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: run
run: STEP := 1/5 環境
run: setup ## sets up, trains if data changed, starts bot and desk and opens the chat
	@$(DESK)/python -m tools.run

.PHONY: doctor
doctor: ## says what is missing or wrong, and what to do; needs only Python 3
	@python3 -m tools.doctor

.PHONY: chat
chat: setup ## a patient in the terminal, of a running desk
	@$(DESK)/python -m tools.chat

.PHONY: ask
ask: setup ## one question to a running desk: make ask Q="唇が乾燥します"
	@$(DESK)/python -m tools.ask -- "$$Q"

.PHONY: bot
bot: setup train ## runs Rasa (5005) and the action server (5055) until interrupted
	@$(DESK)/python -m tools.bot --published

.PHONY: desk
desk: setup ## the desk (127.0.0.1:8000) in front of a bot that `make bot` started, until interrupted
	@$(DESK)/python -m tools.desk

.PHONY: demo-data
demo-data: setup ## fills the console with a week of a marked demonstration; CLEAR=1 removes it
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m tools.demo_data $(if $(CLEAR),--clear)

.PHONY: worker
worker: setup ## a Celery worker that takes the desk's turns; DESK_BROKER names the broker
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk worker

.PHONY: backup
backup: setup ## backs the desk up into the folder TO; docs/operations.md
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m tools.backup create $${TO:+--to "$$TO"}

.PHONY: restore
restore: setup ## puts a backup back: make restore FROM=… [IDENTITY=…] [REPLACE=1]
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m tools.backup restore "$$FROM" $${IDENTITY:+--identity "$$IDENTITY"} $${REPLACE:+--replace}

.PHONY: deploy-secrets
deploy-secrets: setup ## the secrets of deploy/compose.yml that are not there yet; docs/operations.md
	@$(DESK)/python -m tools.deploy_secrets

.PHONY: rotate-keys
rotate-keys: setup ## seals by the first key of DESK_KEYS what others have sealed; docs/encryption.md
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk seal

.PHONY: line-menu
line-menu: setup ## puts the LINE menu up, for the account of LINE_…; docs/line.md
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk line_menu

.PHONY: train
train: setup ## trains the model if data, configuration or code of the pipeline changed
	@$(DESK)/python -m tools.train

# Two at a time, the longest first.
SWAP := tests/bot/test_model_swap.py
PARTS := test-desk test-bot check test-core test-rasa

.PHONY: test
test: setup ## every check and every test, side by side; each part shows what it printed when it has ended
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target $(PARTS)
	@$(MAKE) --no-print-directory test-faults
	@$(MAKE) --no-print-directory test-swap

.PHONY: check
check: setup ## style, types, and the widget's own checks
	$(DESK)/ruff check .
	$(DESK)/ruff format --check .
	$(DESK)/mypy core tools
	$(DESK)/mypy --config-file desk/mypy.ini desk
	$(BOT)/mypy nlu actions channels benchmarks
	cd widget && npm run --silent check

.PHONY: test-core
test-core: setup ## rules, table and the safety gate
	$(DESK)/pytest -q tests/core tests/safety

.PHONY: test-desk
test-desk: setup ## the desk
	$(DESK)/pytest -q $(TOGETHER) tests/desk

.PHONY: test-rasa
test-rasa: setup train ## what runs within Rasa
	$(BOT)/pytest -q tests --ignore tests/bot --ignore tests/desk --ignore tests/faults --ignore tests/other_drug --ignore tests/safety

.PHONY: test-bot
test-bot: setup train ## the trained bot, and the bot of another drug
	$(DESK)/pytest -q tests/other_drug tests/bot --ignore $(SWAP)

.PHONY: test-faults
test-faults: setup ## the drills of faults that need no trained bot; `make fault-report` runs all
	$(DESK)/pytest -q tests/faults --ignore tests/faults/test_real_bot.py

.PHONY: test-swap
test-swap: setup train ## how long patients wait while the model is changed: nothing else should run then
	$(DESK)/pytest -q $(SWAP)

.PHONY: test-fast
test-fast: setup ## the tests that neither train nor start servers
	$(DESK)/pytest -q -m "not slow" tests/core tests/safety tests/desk tests/bot tests/other_drug
	$(BOT)/pytest -q -m "not slow" tests --ignore tests/bot --ignore tests/desk --ignore tests/faults --ignore tests/other_drug --ignore tests/safety

.PHONY: test-conversations
test-conversations: setup train ## the test conversations of tests/conversations, against the real bot
	$(DESK)/pytest -q tests/bot/test_conversations.py

.PHONY: format
format: setup ## formats the code
	$(DESK)/ruff check --fix .
	$(DESK)/ruff format .

.PHONY: check-knowledge
check-knowledge: setup ## checks the knowledge table, row and column of each fault
	@$(DESK)/python -m tools.check_knowledge

.PHONY: import-knowledge
import-knowledge: setup ## the files of data/knowledge into the desk's database, all that is new or nothing
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk import_knowledge

.PHONY: export-knowledge
export-knowledge: setup ## what is in force at the desk into the files of data/knowledge
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk export_knowledge

.PHONY: check-triage
check-triage: setup ## checks the red-flag rules, file and line of each fault
	@$(DESK)/python -m tools.check_triage

.PHONY: export-proposals
export-proposals: setup ## what staff proposed and accepted, to data/proposals for review
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk export_proposals

.PHONY: screen
screen: setup ## what the red-flag screen sees, without any server: make screen Q="頭が割れそうで吐いた"
	@$(DESK)/python -m tools.screen -- "$$Q"

.PHONY: safety-report
safety-report: setup ## the safety gate on the frozen sets: recall, false alarms and misses a rule; writes docs/safety.md
	@$(DESK)/python -m benchmarks.safety_report

.PHONY: safety-mutants
safety-mutants: setup ## disables each rule and each kind of assertion: the gate must notice every one
	@$(DESK)/python -m benchmarks.safety_mutants

.PHONY: fault-report
fault-report: setup train ## kills, stops and cuts off one server after another; writes the table of docs/faults.md
	@rm -f .run/fault-rows.jsonl && mkdir -p .run
	@FAULT_ROWS=.run/fault-rows.jsonl $(DESK)/pytest -q tests/faults
	@$(DESK)/python -m tests.faults.report .run/fault-rows.jsonl

.PHONY: knowledge-report
knowledge-report: setup ## writes docs/knowledge.md
	@$(DESK)/python -m tools.knowledge_report

.PHONY: calibrate
calibrate: setup train ## thresholds of the topic decision, from tests/nlu/calibration.csv
	@$(BOT)/python -m benchmarks.calibrate

.PHONY: nlu-report
nlu-report: setup train ## quality on the frozen set beside three baselines; writes docs/nlu.md
	@$(BOT)/python -m benchmarks.nlu_report

.PHONY: ablation
ablation: setup train ## what each featurizer earns and costs
	@$(BOT)/python -m benchmarks.ablation

.PHONY: bench
bench: bench-screen bench-editing train ## speed and memory beside Rasa's default pipeline; of the desk; of LINE's webhooks
	@$(DESK)/python -m benchmarks.speed
	@$(DESK)/python -m benchmarks.desk_speed
	@$(DESK)/python -m benchmarks.line_speed
	@$(DESK)/python -m benchmarks.web_streams
	@$(DESK)/python -m benchmarks.web_speed
	@$(DESK)/python -m benchmarks.rehearsals_speed

.PHONY: bench-desk
bench-desk: setup train ## what the desk adds to a turn, and both under load
	@$(DESK)/python -m benchmarks.desk_speed

.PHONY: bench-seals
bench-seals: setup ## how fast texts are sealed, searched, and sealed by another key
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk seal_speed

.PHONY: bench-line
bench-line: setup ## how soon LINE's webhooks are acknowledged while Rasa hangs
	@$(DESK)/python -m benchmarks.line_speed

.PHONY: bench-web
bench-web: setup train ## the web chat: many open pages, and the first answer on the screen
	@$(DESK)/python -m benchmarks.web_streams
	@$(DESK)/python -m benchmarks.web_speed

.PHONY: bench-rehearsals
bench-rehearsals: setup train ## how long 200 rehearsals and the gate take
	@$(DESK)/python -m benchmarks.rehearsals_speed

.PHONY: bench-screen
bench-screen: setup ## the red-flag screen's time by the length of the message
	@$(DESK)/python -m benchmarks.screen_speed

.PHONY: bench-editing
bench-editing: setup ## how long a draft's checks take while somebody types it
	@$(DESK)/python -m benchmarks.editing_speed

.PHONY: bench-turn
bench-turn: setup train ## where the time of a turn goes inside Rasa; writes docs/turn.md
	@$(BOT)/python -m benchmarks.turn_parts

.PHONY: bench-load
bench-load: setup train ## web and LINE against 1, 2 and 3 Rasa servers, and how it grows; writes docs/load.md (needs PostgreSQL)
	@$(DESK)/python -m benchmarks.load
	@$(DESK)/python -m benchmarks.capacity

.PHONY: capacity
capacity: setup ## what clinics need, calculated from docs/load.json; writes docs/capacity.md
	@$(DESK)/python -m benchmarks.capacity

.PHONY: bench-patterns
bench-patterns: setup ## the slowest regular expressions on texts that are bad for them, and how they grow
	@$(DESK)/python -m tools.patterns

.PHONY: fuzz
fuzz: setup ## both described interfaces against a running desk, whatever schemathesis thinks of: make fuzz EXAMPLES=500
	TEST_FUZZ_EXAMPLES=$${EXAMPLES:-500} $(DESK)/pytest -q tests/desk/test_fuzz.py

.PHONY: audit
audit: .venv/audit/.synced ## known vulnerabilities of the pinned packages (internet); writes docs/dependencies.md
	@.venv/audit/bin/python -m tools.audit

.PHONY: sbom
sbom: .venv/audit/.synced ## what is built from what (CycloneDX), into results/sbom
	@.venv/audit/bin/python -m tools.sbom

.PHONY: lock
lock: $(UV) ## compiles requirements/*.txt from requirements/*.in
	@$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/bot.in -o requirements/bot.txt
	@$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -c requirements/bot.txt requirements/bot-dev.in -o requirements/bot-dev.txt
	@$(UV) pip compile -q --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/desk.in -o requirements/desk.txt
	@$(UV) pip compile -q --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -c requirements/desk.txt requirements/desk-dev.in -o requirements/desk-dev.txt
	@$(UV) pip compile -q --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/audit.in -o requirements/audit.txt
	@$(UV) pip compile -q --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/uv.in -o requirements/uv.txt

.PHONY: setup
setup: .venv/bot/.synced .venv/desk/.synced widget/dist/chat.js ## both environments, from the hash-pinned requirements, and the chat widget

$(UV): requirements/uv.txt
	@echo '$(STEP)  道具（uv）を用意しています…'
	@python3 -m venv .venv/uv
	@.venv/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/bot/.synced: requirements/bot-dev.txt $(UV)
	@echo '$(STEP)  ボットの Python 環境を入れています（1〜2 分）…'
	@$(UV) venv --quiet --clear --python 3.10 .venv/bot || { echo 'Python 3.10 が見つかりません。pyenv などで入れてから、もう一度お試しください。' >&2; exit 1; }
	@$(UV) pip sync --quiet --compile-bytecode --require-hashes --python .venv/bot requirements/bot-dev.txt
	@touch $@

.venv/desk/.synced: requirements/desk-dev.txt $(UV)
	@echo '$(STEP)  窓口の Python 環境を入れています（1 分ほど）…'
	@$(UV) venv --quiet --clear --python 3.12 .venv/desk || { echo 'Python 3.12 が見つかりません。pyenv などで入れてから、もう一度お試しください。' >&2; exit 1; }
	@$(UV) pip sync --quiet --compile-bytecode --require-hashes --python .venv/desk requirements/desk-dev.txt
	@touch $@

.venv/audit/.synced: requirements/audit.txt $(UV)
	@$(UV) venv --quiet --clear --python 3.12 .venv/audit
	@$(UV) pip sync --quiet --require-hashes --python .venv/audit requirements/audit.txt
	@touch $@

widget/node_modules/.synced: widget/package.json widget/package-lock.json
	@command -v npm >/dev/null || { echo 'Node.js 20 が見つかりません。入れてから、もう一度お試しください。' >&2; exit 1; }
	@echo '$(STEP)  チャット画面の部品を入れています…'
	@cd widget && npm ci --silent --no-audit --no-fund
	@touch $@

widget/dist/chat.js: widget/node_modules/.synced widget/vite.config.ts widget/tsconfig.json $(wildcard widget/src/*)
	@cd widget && npm run --silent build -- --logLevel warn
	@touch $@

.PHONY: clean
clean: ## removes environments, models and caches
	rm -rf widget/dist widget/node_modules .venv .run models results .rasa .mypy_cache .ruff_cache .pytest_cache .hypothesis
