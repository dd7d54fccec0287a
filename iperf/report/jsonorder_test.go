package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestEventsWithSortedMembers has the events of --json-stream as programs write them that sort the members of objects.
func TestEventsWithSortedMembers(t *testing.T) {
	text := real(t, "iperf3stream.json")
	var sorted bytes.Buffer
	for line := range bytes.Lines(text) {
		var event struct {
			Data  json.RawMessage `json:"data"`
			Event string          `json:"event"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			t.Fatal(err)
		}
		if err := json.NewEncoder(&sorted).Encode(event); err != nil {
			t.Fatal(err)
		}
	}
	want, err := report.Parse(bytes.NewReader(text))
	if err != nil || want.Forward == nil {
		t.Fatalf("%+v, %v", want, err)
	}
	got, err := report.Parse(&sorted)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-in the usual order +sorted)\n%s", err, diff)
	}
	for _, line := range []string{
		`{"event":"error","data":"unable to connect to server: Connection refused"}`,
		`{"data":"unable to connect to server: Connection refused","event":"error"}`,
		`{"data": "unable to \"connect\" to server: Connection refused", "event" : "error"}`,
	} {
		if _, err := report.Parse(strings.NewReader(line + "\n")); !errors.Is(err, report.ErrConnectionRefused) {
			t.Errorf("%s: got %v, want ErrConnectionRefused", line, err)
		}
	}
}

// TestRewrittenDocuments reads documents that another program has read and written again, which sorts their keys and keeps one of two
// equal ones. The totals must be of the directions that they were of.
func TestRewrittenDocuments(t *testing.T) {
	t.Parallel()
	for name, text := range corpusOutputs(t, "json") {
		var document map[string]any
		if json.Unmarshal([]byte(text), &document) != nil {
			continue // cut
		}
		rewritten, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := report.Parse(strings.NewReader(text))
		got, _ := report.Parse(bytes.NewReader(rewritten))
		for _, tt := range []struct {
			name      string
			want, got *report.Flow
		}{{"forward", want.Forward, got.Forward}, {"reverse", want.Reverse, got.Reverse}} {
			if tt.want == nil || tt.got == nil {
				if tt.want != tt.got {
					t.Errorf("%s, %s: got %v, want %v", name, tt.name, tt.got, tt.want)
				}
				continue
			}
			if got, want := carried(tt.got.Intervals), carried(tt.want.Intervals); got != want {
				t.Errorf("%s, %s: the intervals have %d bytes, want %d", name, tt.name, got, want)
			}
			for _, total := range []struct {
				name      string
				want, got *report.Total
			}{{"sent", tt.want.Sent, tt.got.Sent}, {"received", tt.want.Received, tt.got.Received}, {"unlabelled", tt.want.Unlabelled, tt.got.Unlabelled}} {
				if total.want == nil || total.got == nil {
					if total.want != total.got {
						t.Errorf("%s, %s, %s: got %v, want %v", name, tt.name, total.name, total.got, total.want)
					}
				} else if total.got.Bytes != total.want.Bytes {
					t.Errorf("%s, %s, %s: got %d bytes, want %d", name, tt.name, total.name, total.got.Bytes, total.want.Bytes)
				}
			}
		}
	}
}

func carried(intervals []report.Interval) (n int64) {
	for _, i := range intervals {
		n += i.Bytes
	}
	return n
}
