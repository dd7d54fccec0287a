package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestTakenNamesGetNumbers(t *testing.T) {
	forEachKeeper(t, func(t *testing.T, s keeper) {
		want := map[string]string{}
		for i, final := range []string{
			"run.txt", "run_0001.txt", "run_0002.txt",
			"a/b/raw", "a/b/raw_0001",
			".hidden", ".hidden_0001",
			"a_0001", // a is a directory
		} {
			asked := strings.NewReplacer("_0001", "", "_0002", "").Replace(final)
			text := fmt.Sprint("text ", i)
			if got := put(t, s, asked, text); got != final {
				t.Errorf("Create(%q) made %q, want %q", asked, got, final)
			}
			want[final] = text
		}
		final, err := s.WriteFile("run.txt", []byte("whole"))
		if err != nil || final != "run_0003.txt" {
			t.Errorf("WriteFile made %q (%v), want run_0003.txt", final, err)
		}
		want[final] = "whole"
		if diff := cmp.Diff(want, files(t, s)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	})
}

func TestWritesShowAtOnce(t *testing.T) {
	forEachKeeper(t, func(t *testing.T, s keeper) {
		f, err := s.Create("sub/raw.txt")
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		for i := range 10 {
			fmt.Fprintf(f, "part %d, ", i)
			want += fmt.Sprintf("part %d, ", i)
			if got := content(t, s, "sub/raw.txt"); got != want {
				t.Fatalf("read %q, want %q", got, want)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, err := f.Write([]byte("late")); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("a Write after Close returned %v", err)
		}
		if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("a second Close returned %v", err)
		}
	})
}

func TestReadsAsFileSystem(t *testing.T) {
	forEachKeeper(t, func(t *testing.T, s keeper) {
		put(t, s, "one.txt", "1")
		put(t, s, "dir/two.txt", "22")
		put(t, s, "dir/sub/three", "")
		if err := fstest.TestFS(s, "one.txt", "dir/two.txt", "dir/sub/three"); err != nil {
			t.Error(err)
		}
		if _, err := s.Open("dir/none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a missing file: %v", err)
		}
		if _, err := s.Open("../one.txt"); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("a name that leads out: %v", err)
		}
	})
}

func TestManyAtOnce(t *testing.T) {
	const workers, each = 8, 15
	forEachKeeper(t, func(t *testing.T, s keeper) {
		want := map[string]string{"a/b/run.txt": ""}
		for i := 1; i < 2*workers*each; i++ {
			want[fmt.Sprintf("a/b/run_%04d.txt", i)] = ""
		}
		var mu sync.Mutex
		wrote := func(name, text string) {
			mu.Lock()
			defer mu.Unlock()
			if old, ok := want[name]; !ok || old != "" {
				t.Errorf("unexpected name %q", name)
			}
			want[name] = text
		}
		var running sync.WaitGroup
		for w := range workers {
			running.Go(func() {
				for i := range each {
					text := fmt.Sprint("file ", i, " of ", w)
					f, err := s.Create("a/b/run.txt")
					if err != nil {
						t.Error(err)
						return
					}
					io.WriteString(f, text)
					f.Close()
					wrote(f.(interface{ Name() string }).Name(), text)
					final, err := s.WriteFile("a/b/run.txt", []byte("whole "+text))
					if err != nil {
						t.Error(err)
						return
					}
					wrote(final, "whole "+text)
				}
			})
		}
		running.Wait()
		if diff := cmp.Diff(want, files(t, s)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	})
}

func TestOneFileWrittenByMany(t *testing.T) {
	forEachKeeper(t, func(t *testing.T, s keeper) {
		f, err := s.Create("raw")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var running sync.WaitGroup
		for range 4 {
			running.Go(func() {
				for range 25 {
					io.WriteString(f, "a line that stays whole\n")
				}
			})
		}
		running.Wait()
		if got, want := content(t, s, "raw"), strings.Repeat("a line that stays whole\n", 100); got != want {
			t.Errorf("got %d bytes, want %d whole lines", len(got), 100)
		}
	})
}

func TestAFileIsNoDirectory(t *testing.T) {
	forEachKeeper(t, func(t *testing.T, s keeper) {
		put(t, s, "dir/file", "kept")
		for _, name := range []string{"dir/file/below", "dir/file/further/below"} {
			if f, err := s.Create(name); err == nil {
				f.Close()
				t.Errorf("Create(%q) made a file below a file", name)
			}
			if _, err := s.WriteFile(name, nil); err == nil {
				t.Errorf("WriteFile(%q) made a file below a file", name)
			}
		}
		if diff := cmp.Diff(map[string]string{"dir/file": "kept"}, files(t, s)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
	})
}

// A whole file must never be seen in parts, nor its temporary one stay behind.
func TestWriteFileIsAtomic(t *testing.T) {
	forEachKeeper(t, func(t *testing.T, s keeper) {
		text := strings.Repeat("0123456789abcdef", 16<<10)
		done := make(chan struct{})
		defer func() { <-done }()
		go func() {
			defer close(done)
			for range 20 {
				if _, err := s.WriteFile("manifest.json", []byte(text)); err != nil {
					t.Error(err)
				}
			}
		}()
		for last := false; !last; {
			select {
			case <-done:
				last = true
			default:
			}
			entries, err := fs.ReadDir(s, ".")
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if strings.HasPrefix(e.Name(), ".tuna-") {
					if last {
						t.Errorf("%s is left behind", e.Name())
					}
				} else if got := content(t, s, e.Name()); got != text {
					t.Fatalf("%s has %d bytes, want %d", e.Name(), len(got), len(text))
				}
			}
			if last && len(entries) != 20 {
				t.Errorf("%d files, want 20", len(entries))
			}
		}
	})
}

func TestDiscardKeepsTheRules(t *testing.T) {
	if got := put(t, Discard, "run.txt", "text"); got != "run.txt" {
		t.Errorf("made %q", got)
	}
	if _, err := Discard.Create("../run.txt"); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("a bad name: %v", err)
	}
}
