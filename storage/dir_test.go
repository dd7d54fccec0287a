package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets the test binary be another process, which stores files in the directory that its environment names.
func TestMain(m *testing.M) {
	dir := os.Getenv("STORAGE_TEST_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	d, err := Open(dir)
	if err != nil {
		panic(err)
	}
	switch os.Getenv("STORAGE_TEST_ROLE") {
	case "create":
		for range 50 {
			f, err := d.Create("sub/run.txt")
			if err != nil {
				panic(err)
			}
			name := f.(*file).Name()
			fmt.Fprint(f, "I am ", name)
			f.Close()
			fmt.Println(name)
		}
	case "die":
		f, err := d.Create("run.txt")
		if err != nil {
			panic(err)
		}
		fmt.Fprintln(f, "a line")
		fmt.Fprint(f, "half of a l")
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			panic(err)
		}
		self.Kill()
		select {}
	}
}

func anotherProcess(tb testing.TB, role, dir string) *exec.Cmd {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(tb.Context(), exe)
	cmd.Env = append(os.Environ(), "STORAGE_TEST_DIR="+dir, "STORAGE_TEST_ROLE="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestProcessesDoNotOverwriteEachOther(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "not", "there", "yet")
	const processes = 4
	outputs := make([]bytes.Buffer, processes)
	var running sync.WaitGroup
	for i := range outputs {
		running.Go(func() {
			cmd := anotherProcess(t, "create", folder)
			cmd.Stdout = &outputs[i]
			if err := cmd.Run(); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	want := map[string]string{}
	for _, out := range outputs {
		for name := range strings.FieldsSeq(out.String()) {
			want[name] = "I am " + name
		}
	}
	if len(want) != 50*processes {
		t.Errorf("%d names, want %d", len(want), 50*processes)
	}
	if diff := cmp.Diff(want, files(t, os.DirFS(folder))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestWhatWasWrittenOutlivesAKill(t *testing.T) {
	folder := t.TempDir()
	var killed *exec.ExitError
	if err := anotherProcess(t, "die", folder).Run(); !errors.As(err, &killed) || killed.Exited() {
		t.Fatalf("not killed: %v", err)
	}
	if diff := cmp.Diff(map[string]string{"run.txt": "a line\nhalf of a l"}, files(t, os.DirFS(folder))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestOpenErrors(t *testing.T) {
	folder := t.TempDir()
	taken := filepath.Join(folder, "file")
	writeTo(t, taken, "")
	for _, dir := range []string{"", taken, taken + "/below", "a\x00b"} {
		if d, err := Open(dir); err == nil {
			d.Close()
			t.Errorf("Open(%q) did not fail", dir)
		}
	}
}

func TestClosedDir(t *testing.T) {
	d := openDir(t, t.TempDir())
	f, err := d.Create("run.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := io.WriteString(f, "text"); err != nil {
		t.Errorf("an open file: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("an open file: %v", err)
	}
	_, createErr := d.Create("new.txt")
	_, deepErr := d.Create("sub/new.txt")
	_, writeErr := d.WriteFile("new.txt", nil)
	_, openErr := d.Open("run.txt")
	for _, err := range []error{createErr, deepErr, writeErr, openErr} {
		if !errors.Is(err, fs.ErrClosed) {
			t.Errorf("got %v, want fs.ErrClosed", err)
		}
	}
}

func TestDirChangedUnderneath(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "raw")
	d := openDir(t, folder)
	put(t, d, "sub/run.txt", "1")

	if err := os.RemoveAll(filepath.Join(folder, "sub")); err != nil {
		t.Fatal(err)
	}
	put(t, d, "sub/run.txt", "2") // the directory is made anew

	moved := folder + " moved"
	if err := os.Rename(folder, moved); err != nil {
		t.Fatal(err)
	}
	put(t, d, "sub/run.txt", "3")
	if diff := cmp.Diff(map[string]string{"sub/run.txt": "2", "sub/run_0001.txt": "3"}, files(t, os.DirFS(moved))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}

	f, err := d.Create("open.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.RemoveAll(moved); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "text"); err != nil {
		t.Errorf("a Write to a removed file: %v", err)
	}
	for _, name := range []string{"run.txt", "sub/run.txt"} {
		_, err := d.Create(name)
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), folder) {
			t.Errorf("Create(%q) in a removed directory: %v", name, err)
		}
	}
	if _, err := d.WriteFile("run.txt", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile in a removed directory: %v", err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("the directory is back")
	}
}
