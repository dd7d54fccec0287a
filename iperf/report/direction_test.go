package report_test

import (
	"bytes"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

// toldByEnd are the outputs of which only the last rows tell which way the traffic went.
var toldByEnd = map[string]bool{
	"testdata/iperf2_csv_sockets.txtar R_server":     true,
	"testdata/iperf2_csv_sockets.txtar udp_R_server": true,
	"testdata/iperf2_csv_sockets.txtar udp_R_client": true,
}

// TestReverse sees the direction of each interval as it comes, which must be the one of the flow that it ends up in.
func TestReverse(t *testing.T) {
	for name, text := range everyOutput(t) {
		type key struct {
			reverse bool
			start   int64
		}
		live := make(map[key]int)
		rep, _ := new(report.Parser).Parse(bytes.NewReader(text), func(i report.Interval) { live[key{i.Reverse, int64(i.Start)}]++ })
		for _, f := range []struct {
			flow    *report.Flow
			reverse bool
		}{{rep.Forward, false}, {rep.Reverse, true}} {
			if f.flow == nil {
				continue
			}
			for _, i := range f.flow.Intervals {
				if i.Reverse != f.reverse {
					t.Errorf("%s: the interval %v-%v of a flow with Reverse %v has %v", name, i.Start, i.End, f.reverse, i.Reverse)
				}
				if k := (key{f.reverse, int64(i.Start)}); live[k] == 0 && toldByEnd[name] {
					continue
				} else if live[k] == 0 {
					t.Errorf("%s: the interval %v-%v with Reverse %v was not seen so", name, i.Start, i.End, f.reverse)
				} else {
					live[k]--
				}
			}
			for _, s := range f.flow.Streams {
				for _, i := range s.Intervals {
					if i.Reverse != f.reverse {
						t.Errorf("%s: the interval %v-%v of stream %d has Reverse %v", name, i.Start, i.End, s.ID, i.Reverse)
					}
				}
			}
		}
	}
}
