# make test      everything that CI runs
# make bench     the benchmarks
# make corpus    real outputs with their expected readings: DIR=folder
.PHONY: test tools check unit fuzz readme bench corpus

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES     := . examples
FUZZTIME    ?= 1000x

test:
	@.ci/test

tools:
	@.ci/tools

check:
	@for m in $(MODULES); do (cd $$m && echo "check $$m" && go vet ./... && go run $(STATICCHECK) ./... && go mod tidy -diff) || exit 1; done
	@bad=$$(gofmt -l .); [ -z "$$bad" ] || { echo "not formatted by gofmt: $$bad"; exit 1; }

# One package at a time: others' tests would take the processor from the links that are measured.
unit:
	@for m in $(MODULES); do (cd $$m && go test -race -shuffle=on -p 1 ./...) || exit 1; done

fuzz:
	@.ci/fuzz $(FUZZTIME)

readme:
	@.ci/readme

bench:
	TUNA_INTEGRATION=required go test -run '^$$' -bench . ./...

corpus:
	TUNA_CORPUS=$(abspath $(DIR)) go test -run Corpus -v ./iperf/report
