package iperf_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// matrixFile holds the table of the matrix as it came out when all of it was run.
const matrixFile = "testdata/matrix.md"

// matrixTable is the table in Markdown. passed tells how many cells of each row passed.
func matrixTable(passed map[string]int) string {
	var b strings.Builder
	b.WriteString("| fault | stages | the run's error | ends within | cells | passed |\n|---|---|---|---:|---:|---:|\n")
	cells, good := 0, 0
	for _, f := range faults {
		var stages []string
		for _, s := range f.stages {
			stages = append(stages, string(s))
		}
		n := len(f.variants())
		cells, good = cells+n, good+passed[f.name]
		fmt.Fprintf(&b, "| %s | %s | %s | %v | %d | %d |\n", f.name, strings.Join(stages, ", "), f.expected(), f.within, n, passed[f.name])
	}
	fmt.Fprintf(&b, "| **%d faults** | | | | **%d** | **%d** |\n", len(faults), cells, good)
	return b.String()
}

// expected returns the errors that the run may end with.
func (f *fault) expected() string {
	var kinds []string
	well := f.passes != nil
	for _, err := range f.want {
		if err == anyway {
			well = true
			continue
		}
		kinds = append(kinds, err.Error())
	}
	if well {
		kinds = append(kinds, "none")
	}
	return strings.Join(kinds, ", or ")
}

// TestMatrixIsUpToDate compares the table with the faults that there are. How many cells passed is the full run's to say.
func TestMatrixIsUpToDate(t *testing.T) {
	text, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	faultsOf := func(table string) (rows []string) {
		for line := range strings.Lines(table) {
			rows = append(rows, line[:strings.LastIndex(strings.TrimSuffix(line, "|\n"), "|")])
		}
		return rows
	}
	if diff := cmp.Diff(faultsOf(matrixTable(nil)), faultsOf(string(text))); diff != "" {
		t.Errorf("%s is not of these faults, so the full matrix must be run (-want +got):\n%s", matrixFile, diff)
	}
}

func writeMatrix(t *testing.T, passed map[string]int) {
	table := matrixTable(passed)
	t.Logf("the matrix:\n%s", table)
	if err := os.WriteFile(matrixFile, []byte(table), 0o644); err != nil {
		t.Error(err)
	}
}
