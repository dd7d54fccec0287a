package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

func TestHistogram(t *testing.T) {
	const us = time.Microsecond
	limits := func(percent ...float64) (all []report.Percentile) {
		for i, p := range percent {
			all = append(all, report.Percentile{Percent: p, Bin: i + 1})
		}
		return all
	}
	bins := []report.Bin{{Number: 1, Count: 16}, {Number: 3, Count: 1}}
	for _, test := range []struct {
		name, text string
		want       report.Histogram
	}{
		{"2.1.8", "T8-PDF: bin(w=100us):cnt(17)=1:16,3:1 (5.00/95.00/99.7%=1/2/3,Outliers=4,obl/obu=0/0)",
			report.Histogram{Name: "T8", Width: 100 * us, Count: 17, Bins: bins, Percentiles: limits(5, 95, 99.7), Outliers: 4}},
		{"final", "T8(f)-PDF: bin(w=100us):cnt(17)=1:16,3:1 (5.00/95.00/99.7%=1/2/3,Outliers=0,obl/obu=0/0)",
			report.Histogram{Name: "T8", Final: true, Width: 100 * us, Count: 17, Bins: bins, Percentiles: limits(5, 95, 99.7)}},
		{"2.0.13", "T8(f)-PDF: bin(w=10us):cnt(17)=1:16,3:1 (5.00/95.00%=1/2,Outliers=0,obl/obu=0/0)",
			report.Histogram{Name: "T8", Final: true, Width: 10 * us, Count: 17, Bins: bins, Percentiles: limits(5, 95)}},
		{"an upper limit above 99.7", "F8-PDF: bin(w=1ms):cnt(17)=1:16,3:1 (5.00/99.7/99.99/%=1/2/3,Outliers=0,obl/obu=0/0)",
			report.Histogram{Name: "F8", Width: time.Millisecond, Count: 17, Bins: bins, Percentiles: limits(5, 99.7, 99.99)}},
		{"outside of the bins", "T8-PDF: bin(w=100us):cnt(22)=1:16,3:1 (5.00/95.00/99.7%=1/2/3,Outliers=0,obl/obu=2/3)",
			report.Histogram{Name: "T8", Width: 100 * us, Count: 22, Bins: bins, Percentiles: limits(5, 95, 99.7), Below: 2, Above: 3}},
		{"the longest", "T8-PDF: bin(w=100us):cnt(17)=1:16,3:1 (5.00/95.00/99.7%=1/2/3,Outliers=0,obl/obu=0/0) (0.253 ms/1795897794.791957)(clock_err)",
			report.Histogram{Name: "T8", Width: 100 * us, Count: 17, Bins: bins, Percentiles: limits(5, 95, 99.7),
				Max: 253 * us, MaxAt: time.Date(2026, 11, 28, 20, 29, 54, 791957000, time.UTC)}},
		{"of no delay", "W8-PDF: bin(w=100us):cnt(0) (5.00/95.00/99.7%=0/10000/10000,Outliers=0,obl/obu=0/0)",
			report.Histogram{Name: "W8", Width: 100 * us}},
		{"2.2 of --bounceback", " OWD-TX(f)-PDF: bin(w=100us):cnt(17)=1:16,3:1 (5.00/95.00/99.7%=1/2/3,Outliers=0,obl/obu=0/0)",
			report.Histogram{Name: "OWD-TX", Final: true, Width: 100 * us, Count: 17, Bins: bins, Percentiles: limits(5, 95, 99.7)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rep, _ := report.Parse(strings.NewReader(histogramOutput("  1", test.text)))
			test.want.End = time.Second
			if diff := cmp.Diff([]report.Histogram{test.want}, rep.Forward.Streams[0].Histograms); diff != "" {
				t.Errorf("(-want +got)\n%s%v", diff, rep.Warnings)
			}
		})
	}

	t.Run("of the sum", func(t *testing.T) {
		rep, _ := report.Parse(strings.NewReader(histogramOutput(" -1", "SUMT8-PDF: bin(w=100us):cnt(17)=1:16,3:1 (5.00/95.00/99.7%=1/2/3,Outliers=0,obl/obu=0/0)")))
		if h := rep.Forward.Histograms; len(h) != 1 || h[0].Name != "SUMT8" {
			t.Errorf("got %v, %v", h, rep.Warnings)
		}
	})

	for _, test := range []struct{ name, text, want string }{
		{"cut", "T8-PDF: bin(w=100us):cnt(17)=1:16,3:1 (5.00/95.00/99.7%=1/2", "is not a histogram"},
		{"no number", "T8-PDF: bin(w=100us):cnt(17)=1:x,3:1 (5.00/95.00/99.7%=1/2/3,Outliers=0,obl/obu=0/0)", "is not a histogram"},
		{"no unit", "T8-PDF: bin(w=100):cnt(17)=1:16,3:1 (5.00/95.00/99.7%=1/2/3,Outliers=0,obl/obu=0/0)", "is not a histogram"},
		{"a bin is missing", "T8-PDF: bin(w=100us):cnt(17)=1:16 (5.00/95.00/99.7%=1/2/3,Outliers=0,obl/obu=0/0)", "of 17 delays, its bins together of 16"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rep, _ := report.Parse(strings.NewReader(histogramOutput("  1", test.text)))
			if len(rep.Warnings) != 1 || !strings.Contains(rep.Warnings[0].Error(), test.want) {
				t.Errorf("got the warnings %v, want %q", rep.Warnings, test.want)
			}
		})
	}
}

// histogramOutput is what a server of iperf 2 prints with a histogram.
func histogramOutput(label, histogram string) string {
	return "Server listening on UDP port 5001\n" +
		"[  1] local 192.0.2.1 port 5001 connected with 192.0.2.2 port 40112\n" +
		"[  1] 0.00-1.00 sec  1.25 MBytes  10.5 Mbits/sec   0.009 ms 0/893 (0%)\n" +
		"[" + label + "] 0.00-1.00 sec " + histogram + "\n" +
		"[  1] 1.00-2.00 sec  1.25 MBytes  10.5 Mbits/sec   0.009 ms 0/893 (0%)\n" +
		"[  1] 0.00-2.00 sec  2.50 MBytes  10.5 Mbits/sec   0.009 ms 0/1786 (0%)\n"
}
