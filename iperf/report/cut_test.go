package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestCutTotals cuts the outputs of testdata/corpus after lines and within some. Neither a first interval
// nor a zero that the other end was to replace may become a total.
func TestCutTotals(t *testing.T) {
	t.Parallel()
	for _, extension := range []string{"txt", "csv"} {
		for name, text := range corpusOutputs(t, extension) {
			whole := make(map[time.Duration]bool)
			zero := false
			for rep := range report.ParseAll(strings.NewReader(text)) {
				for _, total := range totalsOf(rep) {
					whole[total.End] = true
					zero = zero || total.Bytes == 0
				}
			}
			if strings.Contains(name, "server_multi") {
				whole[time.Second] = true // the only row of a stream whose neighbour has its total
			}
			lines := strings.Count(text, "\n")
			line := 0
			for at, c := range text {
				if c == '\n' {
					line++
				}
				// What is in the middle of a long output is like its neighbours.
				middle := line > 20 && line < lines-30
				if middle && line%7 != 0 || c != '\n' && (middle || at%13 != 0 || extension == "csv") {
					continue
				}
				for rep := range report.ParseAll(bytes.NewReader([]byte(text[:at+1]))) {
					if !hasIntervals(rep) {
						continue // nothing tells an interval from a total
					}
					for _, total := range totalsOf(rep) {
						if !whole[total.End] || total.Bytes == 0 && !zero {
							t.Errorf("%s up to its byte %d: got the total %+v", name, at, total)
						}
					}
				}
			}
		}
	}
}

// totalsOf returns the totals of all flows and streams.
func totalsOf(rep *report.Report) (all []*report.Total) {
	add := func(totals ...*report.Total) {
		for _, total := range totals {
			if total != nil {
				all = append(all, total)
			}
		}
	}
	for _, f := range []*report.Flow{rep.Forward, rep.Reverse, rep.Mixed} {
		if f == nil {
			continue
		}
		add(f.Sent, f.Received, f.Unlabelled)
		for _, s := range f.Streams {
			add(s.Sent, s.Received, s.Unlabelled)
		}
	}
	return all
}

func hasIntervals(rep *report.Report) bool {
	for _, f := range []*report.Flow{rep.Forward, rep.Reverse} {
		if f != nil && len(f.Intervals) > 0 {
			return true
		}
	}
	return false
}
