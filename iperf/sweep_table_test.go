package iperf_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
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
unless the row says why it is there anyway. **ok**: so it is. **ok at turn 2** or 3: it was seen only when the run was made
again, as on a busy machine. **unsupported**: this version lacks the option, and a run says so before it starts anything.
**refused**: this version takes the option and does not do it, or not with this value, and a run says so before it starts
anything. –: not tried, or the value is not one of this program. A number is a note below.

`

// TestSweepIsOfTheseSettings compares the table with the settings and trials that there are. What the verdicts are is the
// sweep's to say.
func TestSweepIsOfTheseSettings(t *testing.T) {
	text, err := os.ReadFile(sweepFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rows := sections()
	for _, row := range slices.Concat(rows...) {
		if !strings.Contains(string(text), "\n"+row.head) {
			t.Errorf("%s has no row for %s: run make sweep", sweepFile, row.cell)
		}
	}
	if got, want := strings.Count(string(text), "\n| `"), len(slices.Concat(rows...)); got != want {
		t.Errorf("%s has %d rows, and there are %d: run make sweep", sweepFile, got, want)
	}
}

// markdown writes the table, in the order of the tables of settings.
func (t *sweepTable) markdown() string {
	var b strings.Builder
	b.WriteString(sweepHead)
	var notes []string
	counts := map[string]int{}
	verdict := func(name string, p sweepProgram) string {
		verdict := t.verdicts[fmt.Sprintf("%s of %v", name, p)]
		if verdict == "" {
			return notRun
		}
		counts[strings.SplitN(verdict, ":", 2)[0]]++
		if !strings.Contains(verdict, ":") {
			return verdict
		}
		i := slices.Index(notes, verdict)
		if i < 0 {
			i = len(notes)
			notes = append(notes, verdict)
		}
		return fmt.Sprintf("[%d]", i+1)
	}
	names, rows := sections()
	for i, name := range names {
		if name == pairsHeading {
			fmt.Fprintf(&b, "## %s\n\nBoth effects, in one run.\n\n| settings |%s\n|---|%s\n", name, headOf(t.programs), strings.Repeat("---|", len(t.programs)))
		} else {
			fmt.Fprintf(&b, "## %s\n\n| setting | value | effect |%s\n|---|---|---|%s\n", name, headOf(t.programs), strings.Repeat("---|", len(t.programs)))
		}
		for _, row := range rows[i] {
			b.WriteString(row.head)
			for _, p := range t.programs {
				fmt.Fprintf(&b, " %s |", verdict(row.cell, p))
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	for i, n := range notes {
		fmt.Fprintf(&b, "%d. %s\n", i+1, n)
	}
	var sums []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		sums = append(sums, fmt.Sprintf("%d %s", counts[kind], kind))
	}
	fmt.Fprintf(&b, "\nCells: %s.\n", strings.Join(sums, ", "))
	return b.String()
}

// headOf returns the columns of the programs.
func headOf(programs []sweepProgram) string {
	var b strings.Builder
	for _, p := range programs {
		fmt.Fprintf(&b, " %v |", p)
	}
	return b.String()
}

// A sweepRow is a row of the table: how it begins, the cell whose verdicts follow, and the program that has its value (empty: any).
type sweepRow struct{ head, cell, program string }

// rows returns those of a section in the order of the table.
func (s side) rows() (all []sweepRow) {
	for _, setting := range s.table {
		for _, c := range s.cells(setting) {
			value, effect := c.value, c.effect
			if c.needs != "" {
				value = strings.TrimSpace(value + " with `" + c.needs + "`")
			}
			if c.nothing != "" {
				effect += " (without it too: " + c.nothing + ")"
			}
			all = append(all, sweepRow{fmt.Sprintf("| `%s` | %s | %s |", setting.Field, value, effect), c.String(), c.program})
		}
	}
	return all
}

func pairRows() (all []sweepRow) {
	for _, pair := range related() {
		all = append(all, sweepRow{fmt.Sprintf("| `%s` and `%s` |", pair.a.setting.Field, pair.b.setting.Field), pair.String(), ""})
	}
	return all
}

// sections returns the rows below each heading.
func sections() (names []string, rows [][]sweepRow) {
	for _, s := range sweepSides() {
		names, rows = append(names, s.name+"Settings"), append(rows, s.rows())
	}
	return append(names, pairsHeading), append(rows, pairRows())
}

const pairsHeading = "Pairs"

var sweepNote = regexp.MustCompile(`(?m)^(\d+)\. (.*)$`)

// read takes the verdicts of a table, so that some cells can be tried again and others keep what they have. A table of
// other versions has nothing to keep.
func (t *sweepTable) read(text string) {
	if !strings.Contains(text, headOf(t.programs)+"\n") {
		return
	}
	notes := map[string]string{}
	for _, m := range sweepNote.FindAllStringSubmatch(text, -1) {
		notes["["+m[1]+"]"] = m[2]
	}
	names, rows := sections()
	for i, name := range names {
		_, below, _ := strings.Cut(text, "## "+name+"\n")
		below, _, _ = strings.Cut(below, "\n## ")
		for _, row := range rows[i] {
			_, verdicts, ok := strings.Cut(below, row.head)
			verdicts, _, _ = strings.Cut(verdicts, "\n")
			columns := strings.Split(verdicts, "|")
			for j, p := range t.programs {
				if !ok || j >= len(columns) {
					break
				}
				verdict := strings.TrimSpace(columns[j])
				if note, ok := notes[verdict]; ok {
					verdict = note
				}
				if verdict != notRun && p.has(row.program) {
					t.verdicts[fmt.Sprintf("%s of %v", row.cell, p)] = verdict
				}
			}
		}
	}
}

// notRun stands where a cell was not tried, as the value is not one of the program's.
const notRun = "–"

func (t *sweepTable) write(tb testing.TB) {
	if err := os.WriteFile(sweepFile, []byte(t.markdown()), 0o644); err != nil {
		tb.Error(err)
	}
}
