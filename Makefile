# Every target only calls a command; `make help` lists them.
SHELL := /bin/bash
UV := .venv/uv/bin/uv
BOT := .venv/bot/bin
DESK := .venv/desk/bin
# Files of tests side by side: most of them wait for servers.
TOGETHER := -n auto --maxprocesses 4 --dist loadfile
export PYTHONPATH := $(CURDIR)
export PYTHONUTF8 := 1
export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
export UV_PYTHON_PREFERENCE := system

.PHONY: help
help: ## lists the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

.PHONY: run
run: setup train ## sets up, trains if data changed, starts bot and desk and opens the chat
	@$(DESK)/python -m tools.run

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

.PHONY: worker
worker: setup ## a Celery worker that takes the desk's turns; DESK_BROKER names the broker
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk worker

.PHONY: line-menu
line-menu: setup ## puts the LINE menu up, for the account of LINE_…; docs/line.md
	@DESK_LOG=$${DESK_LOG:-text} $(DESK)/python -m desk line_menu

.PHONY: train
train: setup ## trains the model if data, configuration or code of the pipeline changed
	@$(DESK)/python -m tools.train

.PHONY: test
test: setup train ## every check and every test
	$(DESK)/ruff check .
	$(DESK)/ruff format --check .
	$(DESK)/mypy core tools
	$(DESK)/mypy --config-file desk/mypy.ini desk
	$(BOT)/mypy nlu actions channels benchmarks
	cd widget && npm run --silent check
	$(DESK)/pytest -q tests/core tests/safety
	$(DESK)/pytest -q $(TOGETHER) tests/desk
	$(BOT)/pytest -q tests --ignore tests/bot --ignore tests/desk --ignore tests/faults --ignore tests/other_drug --ignore tests/safety
	$(DESK)/pytest -q tests/bot tests/other_drug
	$(DESK)/pytest -q tests/faults/test_clock.py tests/faults/test_disk.py::test_full_disk_of_sqlite

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
bench: bench-screen train ## speed and memory beside Rasa's default pipeline; of the desk; of LINE's webhooks
	@$(DESK)/python -m benchmarks.speed
	@$(DESK)/python -m benchmarks.desk_speed
	@$(DESK)/python -m benchmarks.line_speed
	@$(DESK)/python -m benchmarks.web_streams
	@$(DESK)/python -m benchmarks.web_speed
	@$(DESK)/python -m benchmarks.rehearsals_speed

.PHONY: bench-desk
bench-desk: setup train ## what the desk adds to a turn, and both under load
	@$(DESK)/python -m benchmarks.desk_speed

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

.PHONY: lock
lock: $(UV) ## compiles requirements/*.txt from requirements/*.in
	@$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/bot.in -o requirements/bot.txt
	@$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -c requirements/bot.txt requirements/bot-dev.in -o requirements/bot-dev.txt
	@$(UV) pip compile -q --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/desk.in -o requirements/desk.txt
	@$(UV) pip compile -q --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" -c requirements/desk.txt requirements/desk-dev.in -o requirements/desk-dev.txt
	@$(UV) pip compile -q --python-version 3.12 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" requirements/uv.in -o requirements/uv.txt

.PHONY: setup
setup: .venv/bot/.synced .venv/desk/.synced widget/dist/chat.js ## both environments, from the hash-pinned requirements, and the chat widget

$(UV): requirements/uv.txt
	@python3 -m venv .venv/uv
	@.venv/uv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/bot/.synced: requirements/bot-dev.txt $(UV)
	@$(UV) venv --quiet --clear --python 3.10 .venv/bot || { echo 'Python 3.10 が見つかりません。pyenv などで入れてから、もう一度お試しください。' >&2; exit 1; }
	@$(UV) pip sync --quiet --compile-bytecode --require-hashes --python .venv/bot requirements/bot-dev.txt
	@touch $@

.venv/desk/.synced: requirements/desk-dev.txt $(UV)
	@$(UV) venv --quiet --clear --python 3.12 .venv/desk || { echo 'Python 3.12 が見つかりません。pyenv などで入れてから、もう一度お試しください。' >&2; exit 1; }
	@$(UV) pip sync --quiet --compile-bytecode --require-hashes --python .venv/desk requirements/desk-dev.txt
	@touch $@

widget/node_modules/.synced: widget/package.json widget/package-lock.json
	@command -v npm >/dev/null || { echo 'Node.js 20 が見つかりません。入れてから、もう一度お試しください。' >&2; exit 1; }
	@cd widget && npm ci --silent --no-audit --no-fund
	@touch $@

widget/dist/chat.js: widget/node_modules/.synced widget/vite.config.ts widget/tsconfig.json $(wildcard widget/src/*)
	@cd widget && npm run --silent build
	@touch $@

.PHONY: clean
clean: ## removes environments, models and caches
	rm -rf widget/dist widget/node_modules .venv .run models results .rasa .mypy_cache .ruff_cache .pytest_cache .hypothesis
