package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func TestWriterShowsWholeLines(t *testing.T) {
	type step struct{ file, text string } // an empty text closes the file
	for _, test := range []struct {
		name  string
		steps []step
		want  string
	}{
		{"nothing", []step{{"a", ""}}, ""},
		{"one file", []step{{"a", "1\n"}, {"a", "2\n3\n"}, {"a", ""}}, "==> a <==\n1\n2\n3\n"},
		{"in turns", []step{{"a", "1\n"}, {"b", "2\n"}, {"b", "3\n"}, {"a", "4\n"}}, "==> a <==\n1\n==> b <==\n2\n3\n==> a <==\n4\n"},
		{"parts of lines", []step{{"a", "on"}, {"b", "tw"}, {"a", "e\nmo"}, {"b", "o\n"}, {"a", "re\n"}},
			"==> a <==\none\n==> b <==\ntwo\n==> a <==\nmore\n"},
		{"no end of line", []step{{"a", "on"}, {"b", "two\n"}, {"a", ""}, {"b", ""}}, "==> b <==\ntwo\n==> a <==\non\n"},
		{"a file anew", []step{{"a", "1\n"}, {"a", ""}, {"a", "2\n"}}, "==> a <==\n1\n==> a <==\n2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			w := Writer{W: &out}
			open := map[string]io.WriteCloser{}
			for _, s := range test.steps {
				f := open[s.file]
				if f == nil {
					var err error
					if f, err = w.Create(s.file); err != nil {
						t.Fatal(err)
					}
					open[s.file] = f
				}
				if s.text != "" {
					io.WriteString(f, s.text)
					continue
				}
				delete(open, s.file)
				if err := f.Close(); err != nil {
					t.Error(err)
				}
				if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
					t.Errorf("a second Close: %v", err)
				}
				if _, err := f.Write([]byte("late\n")); !errors.Is(err, fs.ErrClosed) {
					t.Errorf("a Write after Close: %v", err)
				}
			}
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriterByMany(t *testing.T) {
	var out bytes.Buffer
	w := Writer{W: &out}
	var running sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprint("file ", i)
		running.Go(func() {
			f, err := w.Create(name)
			if err != nil {
				t.Error(err)
				return
			}
			for range 100 {
				io.WriteString(f, "a line of ")
				io.WriteString(f, name+"\n")
			}
			f.Close()
		})
	}
	running.Wait()
	count := map[string]int{}
	current := ""
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "==> ") {
			current = strings.TrimSuffix(strings.TrimPrefix(line, "==> "), " <==\n")
		} else if line != "a line of "+current+"\n" {
			t.Errorf("under %q: %q", current, line)
		}
		count[line]++
	}
	for i := range 4 {
		if n := count[fmt.Sprintf("a line of file %d\n", i)]; n != 100 {
			t.Errorf("file %d has %d lines", i, n)
		}
	}
}

func TestWriterFails(t *testing.T) {
	broken := errors.New("broken")
	w := Writer{W: writerFunc(func([]byte) (int, error) { return 0, broken })}
	f, err := w.Create("run.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(f, iotest.OneByteReader(strings.NewReader("line\n"))); !errors.Is(err, broken) {
		t.Errorf("Write: %v", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestWriterIsStandardOutputByDefault(t *testing.T) {
	r, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stdout := os.Stdout
	os.Stdout = pipe
	var w Writer
	put(t, &w, "run.txt", "line\n")
	os.Stdout = stdout
	pipe.Close()
	if got, err := io.ReadAll(r); string(got) != "==> run.txt <==\nline\n" || err != nil {
		t.Errorf("got %q (%v)", got, err)
	}
}
