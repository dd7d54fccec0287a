package storage

import (
	"bytes"
	"cmp"
	"io"
	"io/fs"
	"os"
	"sync"
)

// A Writer shows everything that is written to its files on one io.Writer. Whenever another file goes on, a line
// "==> name <==" says so. Only whole lines are passed on, so that files written at the same time do not mix: the last
// line of a file, if it has no end, comes when the file is closed, and gets one; a line of more than 1 MiB comes in
// pieces. Files of one name are not told apart.
type Writer struct {
	W io.Writer // nil: os.Stdout. It gets one Write at a time and is never closed.

	mu      sync.Mutex
	current *writerFile
}

var _ Storage = (*Writer)(nil)

// Create makes a file that is shown under the given name.
func (w *Writer) Create(name string) (io.WriteCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	return &writerFile{writer: w, name: name}, nil
}

type writerFile struct {
	writer *Writer
	name   string
	lines  lineBuffer
	closed bool
}

func (f *writerFile) Name() string { return f.name }

func (f *writerFile) Write(p []byte) (int, error) {
	f.writer.mu.Lock()
	defer f.writer.mu.Unlock()
	if f.closed {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: fs.ErrClosed}
	}
	if err := f.show(f.lines.add(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *writerFile) Close() error {
	f.writer.mu.Lock()
	defer f.writer.mu.Unlock()
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	if f.writer.current == f {
		defer func() { f.writer.current = nil }()
	}
	return f.show(f.lines.flush())
}

func (f *writerFile) show(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if f.writer.current != f {
		lines = bytes.Join([][]byte{[]byte("==> " + f.name + " <==\n"), lines}, nil)
		f.writer.current = f
	}
	_, err := cmp.Or[io.Writer](f.writer.W, os.Stdout).Write(lines)
	return err
}
