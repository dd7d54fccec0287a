package storage

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// faulty is somebody else's storage: its files do not tell their names, and anything may fail.
type faulty struct{ createErr, writeErr, closeErr error }

func (f *faulty) Create(string) (io.WriteCloser, error) {
	if f.createErr != nil {
		return nil, f.createErr
	}
	return f, nil
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.writeErr == io.ErrShortWrite {
		return len(p) - 1, nil
	}
	return len(p), f.writeErr
}

func (f *faulty) Close() error { return f.closeErr }

func TestMultiGoesOn(t *testing.T) {
	fault := errors.New("fault")
	for _, test := range []struct {
		name   string
		faulty faulty
		want   string
	}{
		{"no fault", faulty{}, ""},
		{"Create", faulty{createErr: fault}, "storage 2 of 3 (*storage.faulty): fault"},
		{"Write", faulty{writeErr: fault}, "storage 2 of 3 (*storage.faulty): fault"},
		{"short Write", faulty{writeErr: io.ErrShortWrite}, "storage 2 of 3 (*storage.faulty): short write"},
		{"Close", faulty{closeErr: fault}, "storage 2 of 3 (*storage.faulty): fault"},
		{"Write and Close", faulty{writeErr: fault, closeErr: errors.New("later")}, "storage 2 of 3 (*storage.faulty): fault"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var first, last Mem
			m := Multi{&first, &test.faulty, &last}
			f, err := m.Create("run.txt")
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if n, err := io.WriteString(f, "line\n"); n != 5 || err != nil {
					t.Errorf("Write: %d, %v", n, err)
				}
			}
			if got := errorText(f.Close()); got != test.want {
				t.Errorf("Close: got %q, want %q", got, test.want)
			}
			name, err := m.WriteFile("run.txt", []byte("whole"))
			if got := errorText(err); got != test.want || name != "run_0001.txt" {
				t.Errorf("WriteFile made %q (%q), want %q", name, got, test.want)
			}
			want := map[string]string{"run.txt": "line\nline\nline\n", "run_0001.txt": "whole"}
			for _, mem := range []*Mem{&first, &last} {
				if diff := cmp.Diff(want, files(t, mem)); diff != "" {
					t.Errorf("files (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestMultiWhenNothingIsLeft(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	const want = "storage 1 of 2 (*storage.faulty): one; storage 2 of 2 (*storage.faulty): two"
	check := func(what string, err error) {
		t.Helper()
		if errorText(err) != want || !errors.Is(err, one) || !errors.Is(err, two) {
			t.Errorf("%s: got %v, want %s", what, err, want)
		}
	}
	_, err := Multi{&faulty{createErr: one}, &faulty{createErr: two}}.Create("run.txt")
	check("Create", err)
	name, err := Multi{&faulty{createErr: one}, &faulty{writeErr: two}}.WriteFile("run.txt", nil)
	check("WriteFile", err)
	if name != "" {
		t.Errorf("WriteFile made %q", name)
	}
	f, err := Multi{&faulty{writeErr: one}, &faulty{writeErr: two}}.Create("run.txt")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.WriteString(f, "text")
	check("Write", err)
	if n != 0 {
		t.Errorf("Write took %d bytes", n)
	}
	check("Close", f.Close())
}

func TestMultiNames(t *testing.T) {
	var first, second Mem
	put(t, &first, "run.txt", "old")
	put(t, &second, "run_0002.txt", "old")
	m := Multi{&first, &second}
	for _, want := range []string{"run_0001.txt", "run_0002.txt"} {
		if got := put(t, m, "run.txt", "new"); got != want {
			t.Errorf("made %q, want %q", got, want)
		}
	}
	want := map[string]string{"run_0001.txt": "new", "run_0002.txt": "old", "run_0002_0001.txt": "new"}
	if diff := cmp.Diff(want, files(t, &second)); diff != "" {
		t.Errorf("files of the second (-want +got):\n%s", diff)
	}
	f, err := Multi{&faulty{createErr: fs.ErrPermission}, &first, &second}.Create("run_0002.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := fileName(f, ""); got != "run_0002_0001.txt" {
		t.Errorf("made %q, want the name in the first storage that works", got)
	}
}

func TestMultiOfNothing(t *testing.T) {
	f, err := Multi(nil).Create("run.txt")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(f, strings.NewReader("text")); n != 4 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if name, err := Multi(nil).WriteFile("run.txt", nil); name != "run.txt" || err != nil {
		t.Errorf("WriteFile: %q, %v", name, err)
	}
}
