package iperf_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// sweepFile holds the table of the sweep as it came out when all of it was run.
const sweepFile = "SWEEP.md"

// A sweepTable has the verdict on each cell, by its name.
type sweepTable struct {
	programs []sweepProgram
	verdicts map[string]string
}

const sweepHead = `# Settings that do what they say

Written by make sweep; not to be edited. Each row is a value of a setting and the effect that it must have: on the wire, in
the kernel, or in the output of the end that is told. The effect was seen with the setting and was not seen without it,
unless the row says why it is there anyway. **ok**: so it is. **unsupported**: this version lacks the option, and a run says
so before it starts anything. **refused**: this version takes the option and does not do it, or not with this value, and a run
says so before it starts anything. A number is a note below.

`

// markdown writes the table, in the order of the tables of settings.
func (t *sweepTable) markdown() string {
	var b strings.Builder
	b.WriteString(sweepHead)
	var notes []string
	counts := map[string]int{}
	for _, s := range sweepSides() {
		fmt.Fprintf(&b, "## %sSettings\n\n| setting | value | effect |", s.name)
		for _, p := range t.programs {
			fmt.Fprintf(&b, " %v |", p)
		}
		fmt.Fprintf(&b, "\n|---|---|---|%s\n", strings.Repeat("---|", len(t.programs)))
		for _, setting := range s.table {
			for _, c := range s.cells(setting) {
				value, effect := c.value, c.effect
				if c.needs != "" {
					value = strings.TrimSpace(value + " with `" + c.needs + "`")
				}
				if c.nothing != "" {
					effect += " (without it too: " + c.nothing + ")"
				}
				fmt.Fprintf(&b, "| `%s` | %s | %s |", setting.Field, value, effect)
				for _, p := range t.programs {
					verdict := t.verdicts[fmt.Sprintf("%v of %v", c, p)]
					switch verdict {
					case "":
						verdict = "–"
					case "ok", "unsupported", "refused":
						counts[verdict]++
					default:
						counts[strings.SplitN(verdict, ":", 2)[0]]++
						i := slices.Index(notes, verdict)
						if i < 0 {
							i = len(notes)
							notes = append(notes, verdict)
						}
						verdict = fmt.Sprintf("[%d]", i+1)
					}
					fmt.Fprintf(&b, " %s |", verdict)
				}
				b.WriteString("\n")
			}
		}
		b.WriteString("\n")
	}
	for i, n := range notes {
		fmt.Fprintf(&b, "%d. %s\n", i+1, n)
	}
	fmt.Fprintf(&b, "\nCells: %v.\n", counts)
	return b.String()
}

func (t *sweepTable) write(tb testing.TB) {
	if err := os.WriteFile(sweepFile, []byte(t.markdown()), 0o644); err != nil {
		tb.Error(err)
	}
}
