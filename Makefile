# make test      everything that CI runs
# make bench     the benchmarks
# make corpus    real outputs with their expected readings: DIR=folder
# make matrix    every fault in every stage, with both programs and both SSH servers; about a quarter of an hour
# make hosts     every pair of SSH server, login shell, sh and userland, of three Debian releases; about half an hour.
#                HOSTS=full: every combination. The releases are kept in the user's cache directory, as tuna/*
# make versions  the tests of rates with iperf 2 and iperf 3 of newer Debian suites as well, which it downloads
# make sweep     every setting with those programs: has it the effect that it must have? Writes iperf/SWEEP.md. SWEEP=pattern:
#                only the cells whose names match, such as SWEEP='Client.TOS.*3.22'
# make limits    every bottleneck that a run should name, one after the other; about three minutes
# make soak      2,000 short runs while things break
# make fuzz      every fuzz target: FUZZTIME=10m or 5000x
.PHONY: test tools check unit fuzz readme bench corpus matrix hosts limits soak sweep versions

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES     := . examples
FUZZTIME    ?= 1000x
HOSTS       ?= pairs

test:
	@.ci/test

tools:
	@.ci/tools

check:
	@for m in $(MODULES); do (cd $$m && echo "check $$m" && go vet ./... && go run $(STATICCHECK) ./... && go mod tidy -diff) || exit 1; done
	@for os in windows darwin; do echo "check for $$os" && GOOS=$$os go vet ./... || exit 1; done
	@bad=$$(gofmt -l .); [ -z "$$bad" ] || { echo "not formatted by gofmt: $$bad"; exit 1; }

# iperf and sshhost have the machine for themselves, because their tests have bounds in time. Tests of iperf that measure a
# link run four at a time: they wait, and each is held against what the kernel counted meanwhile.
# iperf/report has no goroutines, and its tests of every output and every cut take five times as long with the race detector.
GOTEST := go test -race -shuffle=on -timeout 20m
unit:
	@go test -shuffle=on ./iperf/report/...
	@$(GOTEST) -p 2 $$(go list ./... | grep -vE '/tuna/(iperf|sshhost|iperf/report.*)$$')
	@$(GOTEST) -parallel 4 ./iperf
	@$(GOTEST) -parallel 1 ./sshhost
	@cd examples && $(GOTEST) ./...

fuzz:
	@.ci/fuzz $(FUZZTIME)

readme:
	@.ci/readme

bench:
	TUNA_INTEGRATION=required go test -run '^$$' -bench . ./...

corpus:
	TUNA_CORPUS=$(abspath $(DIR)) go test -run Corpus -v ./iperf/report

matrix:
	TUNA_INTEGRATION=required TUNA_MATRIX=full go test -timeout 90m -run FaultMatrix -v ./iperf

hosts:
	TUNA_INTEGRATION=required TUNA_HOSTS=$(HOSTS) go test -timeout 240m -run '^TestHosts$$' -v ./sshhost

soak:
	go run ./internal/soak -runs 1000 -together 1000 -parallel 50

limits:
	TUNA_INTEGRATION=required TUNA_LIMITS=full go test -count=1 -timeout 20m -run '^TestLimits$$' -v ./iperf

SWEEP ?= full
sweep:
	programs=$$(.ci/programs | paste -sd: -) && TUNA_INTEGRATION=required TUNA_PROGRAMS="$$programs" TUNA_SWEEP='$(SWEEP)' \
		go test -count=1 -timeout 120m -run '^TestSweep' -v ./iperf

versions:
	programs=$$(.ci/programs | paste -sd: -) && TUNA_INTEGRATION=required TUNA_PROGRAMS="$$programs" \
		go test -count=1 -run 'RateIsOf|NothingArrives' -v ./iperf
