package storage

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"sync"
	"testing/fstest"
	"time"
)

// Mem keeps files in memory. The zero value is empty and ready. What was written can be read at once, also before the
// file is closed.
type Mem struct {
	numbers numbers

	mu    sync.Mutex
	files fstest.MapFS // the data of a file only ever grows
	dirs  map[string]bool
}

var (
	_ AtomicWriter = (*Mem)(nil)
	_ fs.FS        = (*Mem)(nil)
)

// Create makes a new file for writing.
func (m *Mem) Create(name string) (io.WriteCloser, error) {
	final, err := m.add(name, nil)
	if err != nil {
		return nil, err
	}
	return &memFile{mem: m, name: final}, nil
}

// WriteFile makes a file that holds a copy of data. See [AtomicWriter].
func (m *Mem) WriteFile(name string, data []byte) (string, error) {
	return m.add(name, bytes.Clone(data))
}

// Open opens a file or directory for reading, as [fs.FS] wants it. A file shows what it held at that moment.
func (m *Mem) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	shown := fstest.MapFS{}
	if f, ok := m.files[name]; ok {
		shown[name] = clone(f)
	} else {
		for name, f := range m.files {
			shown[name] = clone(f)
		}
	}
	return shown.Open(name)
}

func (m *Mem) add(name string, data []byte) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	return m.numbers.free(name, func(name string) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.dirs[name] || m.files[name] != nil {
			return &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
		}
		dirs := map[string]bool{}
		for d := path.Dir(name); d != "."; d = path.Dir(d) {
			if m.files[d] != nil {
				return &fs.PathError{Op: "create", Path: name, Err: errors.New(d + " is not a directory")}
			}
			dirs[d] = true
		}
		if m.files == nil {
			m.files, m.dirs = fstest.MapFS{}, map[string]bool{}
		}
		maps.Copy(m.dirs, dirs)
		m.files[name] = &fstest.MapFile{Data: data, Mode: 0o644, ModTime: time.Now()}
		return nil
	})
}

func clone(f *fstest.MapFile) *fstest.MapFile {
	c := *f
	return &c
}

type memFile struct {
	mem    *Mem
	name   string
	closed bool
}

func (f *memFile) Name() string { return f.name }

func (f *memFile) Write(p []byte) (int, error) {
	f.mem.mu.Lock()
	defer f.mem.mu.Unlock()
	if f.closed {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: fs.ErrClosed}
	}
	kept := f.mem.files[f.name]
	kept.Data, kept.ModTime = append(kept.Data, p...), time.Now()
	return len(p), nil
}

func (f *memFile) Close() error {
	f.mem.mu.Lock()
	defer f.mem.mu.Unlock()
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	return nil
}
