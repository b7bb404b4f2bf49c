# The two commands to know: `make demo` and `make test`.

GO       ?= go
LINT     := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# The race detector watches everything but SQLite itself, which is C made Go: it
# has its own locks, and watching it costs several times the time. No package
# that shares generic code with ours may be left out: its unwatched copies of
# sync's types would hide what orders our accesses.
RACE     := -race -gcflags=modernc.org/sqlite/lib=-race=false
DEMO     ?= demo-data
LISTEN   ?= 127.0.0.1:8080
HISTORIES ?= 10000

.DEFAULT_GOAL := help
.PHONY: help demo build test check vet lint unit webapp race cross fuzz simulate mutants kill bench export-million generate clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

demo: build ## an office and two tablets that disagree, with made-up families
	bin/tambonsync demo --data $(DEMO) --listen $(LISTEN)

build: ## the programs, into bin/
	$(GO) build -o bin/ ./cmd/tambonsync ./cmd/tambonfield

test: check vet lint unit webapp race cross ## everything that CI runs

check: # says exactly what is missing
	@command -v $(GO) >/dev/null || { echo "Go is missing: install Go 1.26 or later from https://go.dev/dl/"; exit 1; }
	@command -v $${CC:-gcc} >/dev/null || { echo "A C compiler is missing, which the race detector needs: apt-get install gcc libc6-dev"; exit 1; }
	@node -e 'process.exit(process.versions.node.split(".").map(Number).reduce((a, n, i) => a || (n - [20, 19, 0][i]), 0) >= 0 ? 0 : 1)' 2>/dev/null || { echo "Node.js 20.19 or later is missing, which the tablet's tests need: https://nodejs.org/"; exit 1; }
	@command -v npm >/dev/null || { echo "npm is missing, which brings the tablet's test tools: it comes with Node.js"; exit 1; }
	@$(GO) mod verify >/dev/null || { echo "go mod verify failed: the module cache or the network is broken"; exit 1; }

vet:
	$(GO) vet ./...

lint: ## gofumpt, staticcheck and the arrows between packages
	$(GO) run $(LINT) run ./...

unit: ## all tests, with 500 simulated histories and the planted bugs
	$(GO) test -timeout 20m ./...

webapp: ## the tablet's TypeScript: types, golden cases, protocol examples, comparison with the Go code
	cd clientlib/webapp && npm ci --no-audit --no-fund && npm run typecheck && npm test

race: ## all tests under the race detector, with fewer histories
	$(GO) test $(RACE) -timeout 20m ./...

cross: ## the device library and programs build without cgo wherever they must
	CGO_ENABLED=0 GOOS=linux   GOARCH=amd64 $(GO) build -o /dev/null ./cmd/tambonfield
	CGO_ENABLED=0 GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/tambonfield
	CGO_ENABLED=0 GOOS=darwin  GOARCH=arm64 $(GO) build -o /dev/null ./cmd/tambonfield
	CGO_ENABLED=0 GOOS=android GOARCH=arm64 $(GO) build ./clientlib

fuzz: ## every decoder, half a minute each
	for f in FuzzDecodeRecord FuzzDecodeMessage FuzzValue FuzzMerge; do \
		$(GO) test ./syncproto -run '^$$' -fuzz "^$$f$$" -fuzztime 30s -fuzzminimizetime 10x || exit 1; done

simulate: ## HISTORIES=10000 simulated seasons
	$(GO) run ./cmd/tambonsim -histories $(HISTORIES)

mutants: ## plants each bug of testdata/mutants and counts the seeds until it is caught
	$(GO) run ./cmd/tambonsim/mutants

bench: ## ratios against plain SQL on the same machine
	$(GO) test ./server/store -run '^$$' -bench . -benchtime 3x
	$(GO) test ./syncproto/survey -run '^$$' -bench Judge
	$(GO) test ./server/analysis -run '^$$' -bench . -benchtime 1x -timeout 60m

export-million: ## a million households exported in bounded memory (about 10 minutes)
	BENCH_HOUSEHOLDS=1000000 $(GO) test ./server/export -run '^$$' -bench Export -benchtime 1x -timeout 60m

generate: ## the embedded list of areas, from its sources
	$(GO) generate ./syncproto/area

clean: ## what make made
	rm -rf bin
