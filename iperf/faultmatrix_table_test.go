package iperf_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
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

func writeMatrix(t *testing.T, passed map[string]int) {
	table := matrixTable(passed)
	t.Logf("the matrix:\n%s", table)
	if err := os.WriteFile(matrixFile, []byte(table), 0o644); err != nil {
		t.Error(err)
	}
}
