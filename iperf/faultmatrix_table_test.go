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
	b.WriteString("| fault | stages | cells | passed |\n|---|---|---:|---:|\n")
	cells, good := 0, 0
	for _, f := range faults {
		var stages []string
		for _, s := range f.stages {
			stages = append(stages, string(s))
		}
		n := len(f.variants())
		cells, good = cells+n, good+passed[f.name]
		fmt.Fprintf(&b, "| %s | %s | %d | %d |\n", f.name, strings.Join(stages, ", "), n, passed[f.name])
	}
	fmt.Fprintf(&b, "| **%d faults** | | **%d** | **%d** |\n", len(faults), cells, good)
	return b.String()
}

// TestMatrixIsUpToDate compares the table with the faults that there are, and wants every cell to have passed.
func TestMatrixIsUpToDate(t *testing.T) {
	got, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	passed := map[string]int{}
	for _, f := range faults {
		passed[f.name] = len(f.variants())
	}
	if diff := cmp.Diff(matrixTable(passed), string(got)); diff != "" {
		t.Errorf("%s is not of these faults; TUNA_MATRIX=full go test -run FaultMatrix makes it anew (-faults +file):\n%s", matrixFile, diff)
	}
}

func writeMatrix(t *testing.T, passed map[string]int) {
	table := matrixTable(passed)
	t.Logf("the matrix:\n%s", table)
	if err := os.WriteFile(matrixFile, []byte(table), 0o644); err != nil {
		t.Error(err)
	}
}
