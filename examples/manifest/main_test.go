package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

// TestSchema compares the schema with the one that manifests had before. A field that was renamed needs its old name as a tag
// json. A member that is gone, or means something else, needs another ManifestSchema.
func TestSchema(t *testing.T) {
	want, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := run(nil, &got); err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Error("schema.json is not what this program prints. If the change is meant: go run ./manifest > manifest/schema.json")
	}
}

// TestManifestsOfRuns has runs of both programs that fill in as much of a manifest as they can.
func TestManifestsOfRuns(t *testing.T) {
	testbed.Need(t, "iperf", "iperf3")
	for _, test := range []struct {
		name    string
		program string
		client  iperf.ClientSettings
		d       iperf.Direction
		fails   bool
	}{
		{"both ways", "iperf3", iperf.ClientSettings{Bidir: true, Parallel: 2}, iperf.Upstream, false},
		{"iperf 2", "iperf", iperf.ClientSettings{FullDuplex: true, Enhanced: true}, iperf.Downstream, false},
		{"UDP", "iperf3", iperf.ClientSettings{Protocol: report.ProtocolUDP, Rate: 10e6}, iperf.Upstream, false},
		{"a failure", "iperf3", iperf.ClientSettings{Bind: "192.0.2.1"}, iperf.Upstream, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := t.TempDir()
			dir, err := storage.Open(folder)
			if err != nil {
				t.Fatal(err)
			}
			defer dir.Close()
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}}, Program: test.program, Client: test.client,
				Server: iperf.ServerSettings{AutoPort: true}, FileStorage: dir, IntervalsCSV: true,
			}
			x.Client.Time = time.Second
			res, err := x.Run(t.Context(), test.d, "name")
			if (err != nil) != test.fails || res == nil || res.Manifest == "" {
				t.Fatalf("got %+v, %v; want a manifest, and an error: %v", res, err, test.fails)
			}
			mustBeValid(t, filepath.Join(folder, res.Manifest))
		})
	}
}

// TestManifestsOfEarlierVersions has archives of earlier commits. The first ones are left out, because their manifests have
// "reverse" in place of "reversed".
func TestManifestsOfEarlierVersions(t *testing.T) {
	files, err := filepath.Glob("../../iperf/testdata/archives/checked-*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	for _, name := range files {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range ar.Files {
			if strings.HasPrefix(f.Name, "manifest_") {
				file := filepath.Join(t.TempDir(), f.Name)
				if err := os.WriteFile(file, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
				mustBeValid(t, file)
			}
		}
	}
}

// mustBeValid checks the manifest, and that changes of it are seen.
func mustBeValid(t *testing.T, file string) {
	t.Helper()
	var out strings.Builder
	if err := run([]string{file}, &out); err != nil || !strings.HasSuffix(out.String(), ": valid\n") {
		t.Fatalf("got %q, %v", &out, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct {
		member string
		value  any // nil: it is missing
	}{
		{"schema", 2},
		{"bandwidth_bit_per_second", "fast"},
		{"bandwidth_bit_per_second", -1},
		{"start", 5},
		{"direction", "sideways"},
		{"client", nil},
		{"unknown", true},
		{"files", map[string]any{"a": "no sum"}},
	} {
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		if m[change.member] = change.value; change.value == nil {
			delete(m, change.member)
		}
		other, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "changed.json")
		if err := os.WriteFile(name, other, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run([]string{name}, &out); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is %v: got %v, want an error that names the file", change.member, change.value, err)
		}
	}
}
