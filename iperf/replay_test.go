package iperf_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

// errorText makes errors comparable by what they say.
var errorText = cmp.Comparer(func(a, b error) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error())
})

func TestReplayGivesTheSameResult(t *testing.T) {
	for _, program := range []string{"iperf3", "iperf"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			testbed.Need(t, program)
			folder := t.TempDir()
			dir, err := storage.Open(folder)
			if err != nil {
				t.Fatal(err)
			}
			defer dir.Close()
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: ownHost{}, TrafficServer: ownHost{}}, Program: program, FileStorage: dir,
				Client: iperf.ClientSettings{Time: 2 * time.Second, Parallel: 2}, Server: iperf.ServerSettings{AutoPort: true},
			}
			want, err := x.Downstream(t.Context(), "archive.txt")
			if err != nil {
				t.Fatalf("%+v", err)
			}
			if want.ServerEnd.System == "" || !strings.HasPrefix(want.Manifest, "manifest_downstream_") {
				t.Errorf("system %q, manifest %q", want.ServerEnd.System, want.Manifest)
			}

			// The archive goes to another place and is read from there.
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(folder)); err != nil {
				t.Fatal(err)
			}
			got, err := iperf.Replay(os.DirFS(copied), want.Manifest)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, errorText); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}

			// What somebody changed is not passed off as the run's.
			file := filepath.Join(copied, want.ServerEnd.File)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := iperf.Replay(os.DirFS(copied), want.Manifest); err == nil || !strings.Contains(err.Error(), "SHA-256") {
				t.Errorf("a changed file: got %v", err)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if _, err := iperf.Replay(os.DirFS(copied), want.Manifest); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a missing file: got %v", err)
			}
		})
	}
}

func TestReplayOfAFailedRun(t *testing.T) {
	testbed.Need(t, "iperf3")
	var store storage.Mem
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: ownHost{}, TrafficServer: ownHost{}}, FileStorage: &store,
		Server:     iperf.ServerSettings{AutoPort: true},
		OnInterval: func(iperf.Role, report.Interval) { cancel() },
	}
	want, wantErr := x.Upstream(ctx, "")
	if want == nil || !errors.Is(wantErr, iperf.ErrCanceled) {
		t.Fatalf("got %v, %v", want, wantErr)
	}
	got, err := iperf.Replay(&store, want.Manifest)
	if err == nil || err.Error() != wantErr.Error() || !errors.Is(err, iperf.ErrCanceled) || errors.Is(err, iperf.ErrTimeout) {
		t.Errorf("error: got %v, want %v", err, wantErr)
	}
	if diff := cmp.Diff(want, got, errorText); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReplayRefusesWhatItCannotRead(t *testing.T) {
	var store storage.Mem
	for name, text := range map[string]string{
		"later.json":     `{"schema": 2, "direction": "upstream"}`,
		"none.json":      `{"direction": "upstream"}`,
		"direction.json": `{"schema": 1, "direction": "sideways"}`,
		"broken.json":    `{"schema": 1`,
	} {
		if _, err := store.WriteFile(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if res, err := iperf.Replay(&store, name); err == nil || res != nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, %v", name, res, err)
		}
	}
	if _, err := iperf.Replay(&store, "missing.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing manifest: got %v", err)
	}
	if b, err := json.Marshal(iperf.Manifest{}); err != nil || !strings.Contains(string(b), `"schema"`) {
		t.Errorf("%s, %v", b, err)
	}
}
