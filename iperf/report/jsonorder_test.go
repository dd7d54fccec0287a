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
