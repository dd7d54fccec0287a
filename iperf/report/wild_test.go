package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

// In the words of the manifest: "[SUM] 0-10 9.4e+08 sender lost 3/100" and "fwd sender 1.9e+11 receiver 1.9e+11".
var (
	wildTotal = regexp.MustCompile(`\[([^\]]+)\] 0-[0-9.]+ ([0-9.e+]+)(?: (sender|receiver))?(?: lost (\d+)/(\d+))?`)
	wildSides = regexp.MustCompile(`^fwd sender ([0-9.e+]*) receiver ([0-9.e+]*)`)
)

// TestWild reads the outputs of other people's machines, in the folder wild of the one that
// TUNA_CORPUS names: they are not part of this repository, so only make corpus runs it. Every rate
// that the manifest has seen in a row that begins at 0 must be found, and what it says of the sides
// must hold.
func TestWild(t *testing.T) {
	dir := os.Getenv("TUNA_CORPUS")
	if dir == "" {
		t.Skip("outputs of others, read by make corpus DIR=…")
	}
	dir = filepath.Join(dir, "wild")
	manifest, err := os.ReadFile(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	files, rates := 0, 0
	for line := range strings.Lines(string(manifest)) {
		column := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(column) != 4 || column[0] == "file" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, column[0]))
		if err != nil {
			t.Fatal(err)
		}
		files++
		var found []float64
		var reports []*report.Report
		for rep, err := range report.ParseAll(bytes.NewReader(text)) {
			if err != nil && rep.Err == nil {
				t.Errorf("%s: %v", column[0], err)
			}
			reports = append(reports, rep)
			found = append(found, everyRate(rep)...)
		}
		for _, m := range wildTotal.FindAllStringSubmatch(column[3], -1) {
			want := number(t, m[2])
			if want == 0 && m[3] == "receiver" {
				continue // a zero for what is not known
			}
			rates++
			ok := false
			for _, got := range found {
				ok = ok || got >= want*0.9999 && got <= want*1.0001
			}
			if !ok {
				t.Errorf("%s: the rate of %s is not found", column[0], m[0])
			}
		}
		if m := wildSides.FindStringSubmatch(column[3]); m != nil {
			for i, total := range []*report.Total{reports[0].Forward.Sent, reports[0].Forward.Received} {
				switch want := m[i+1]; {
				case want == "" || want == "0":
					if total != nil {
						t.Errorf("%s: got %v, want nothing", column[0], total.Rate)
					}
				case total == nil || !near(float64(total.Rate), number(t, want)):
					t.Errorf("%s: got %+v, want %s", column[0], total, want)
				}
			}
		}
	}
	t.Logf("%d files, %d rates", files, rates)
	if files == 0 {
		t.Error("the folder has no outputs")
	}
}

// everyRate gives the rates of all totals and intervals.
func everyRate(rep *report.Report) (rates []float64) {
	totals := func(all ...*report.Total) {
		for _, total := range all {
			if total != nil {
				rates = append(rates, float64(total.Rate))
			}
		}
	}
	intervals := func(all []report.Interval) {
		for _, i := range all {
			rates = append(rates, float64(i.Rate))
		}
	}
	for _, f := range []*report.Flow{rep.Forward, rep.Reverse, rep.Mixed} {
		if f == nil {
			continue
		}
		totals(f.Sent, f.Received, f.Unlabelled)
		intervals(f.Intervals)
		for _, s := range f.Streams {
			totals(s.Sent, s.Received, s.Unlabelled)
			intervals(s.Intervals)
		}
	}
	return rates
}
