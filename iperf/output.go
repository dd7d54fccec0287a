package iperf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"sync"
)

// A buffer keeps what is written to it, but only the first and the last 32 KiB of more. It never fails. It may be
// written to while it is read.
type buffer struct {
	mu         sync.Mutex
	head, tail []byte
	dropped    int64
}

const bufferHalf = 32 << 10

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(p)
	k := min(n, bufferHalf-len(b.head))
	b.head = append(b.head, p[:k]...)
	b.tail = append(b.tail, p[k:]...)
	// Cutting only when there is twice too much keeps the copying in proportion.
	if len(b.tail) > 2*bufferHalf {
		cut := len(b.tail) - bufferHalf
		b.dropped += int64(cut)
		b.tail = append(b.tail[:0], b.tail[cut:]...)
	}
	return n, nil
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	dropped, tail := b.dropped, b.tail
	if extra := len(tail) - bufferHalf; extra > 0 {
		dropped, tail = dropped+int64(extra), tail[extra:]
	}
	if dropped == 0 {
		return string(b.head) + string(tail)
	}
	return fmt.Sprintf("%s\n[%d bytes left out]\n%s", b.head, dropped, tail)
}

// A lineWriter calls each with every whole line, its end included. A line of more than 64 KiB comes in pieces. Flush
// gives a last line without an end.
type lineWriter struct {
	each func(line []byte)
	rest []byte
}

const maxLine = 64 << 10

func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		line := p
		end := bytes.IndexByte(p, '\n')
		if end >= 0 {
			line = p[:end+1]
		}
		line = line[:min(len(line), maxLine-len(w.rest))]
		p = p[len(line):]
		whole := line[len(line)-1] == '\n' || len(line)+len(w.rest) == maxLine
		switch {
		case !whole:
			w.rest = append(w.rest, line...)
		case len(w.rest) > 0:
			w.rest = append(w.rest, line...)
			w.flush()
		default:
			w.each(line)
		}
	}
	return n, nil
}

func (w *lineWriter) flush() {
	if len(w.rest) > 0 {
		w.each(w.rest)
		w.rest = w.rest[:0]
	}
}

// A rawFile keeps raw output in storage. A storage that fails does not end the run: the error is kept for the result,
// and what comes later is let go.
type rawFile struct {
	name string
	file io.WriteCloser
	sum  hash.Hash // of what was written
	err  error
}

// create makes the file. Without a storage, a rawFile keeps nothing.
func (f *rawFile) create(s FileStorage, name string) error {
	if s == nil {
		return nil
	}
	file, err := s.Create(name)
	if err != nil {
		return storageError{err}
	}
	f.file, f.name, f.sum = file, name, sha256.New()
	if n, ok := file.(interface{ Name() string }); ok {
		f.name = n.Name()
	}
	return nil
}

func (f *rawFile) write(p []byte) {
	if f.file != nil && f.err == nil {
		n, err := f.file.Write(p)
		if err == nil && n != len(p) {
			err = io.ErrShortWrite // a storage of the caller's may break the rules of io.Writer
		}
		f.sum.Write(p[:max(0, min(n, len(p)))])
		f.err = err
	}
}

func (f *rawFile) close() error {
	if f.file == nil {
		return f.err
	}
	err := f.file.Close()
	if f.err == nil {
		f.err = err
	}
	if f.err != nil {
		return storageError{f.named(f.err)}
	}
	return nil
}

// named makes sure that an error names the file.
func (f *rawFile) named(err error) error {
	if strings.Contains(err.Error(), f.name) {
		return err
	}
	return fmt.Errorf("%s: %w", f.name, err)
}

// A storageError is what could not be kept: several things, mostly for the same reason.
type storageError []error

func (e storageError) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return ErrStorage.Error() + ": " + strings.Join(texts, "; ")
}

func (e storageError) Unwrap() []error { return append([]error{ErrStorage}, e...) }

// addSum puts the file's SHA-256 into sums.
func (f *rawFile) addSum(sums map[string]string) {
	if f.file != nil {
		sums[f.name] = hex.EncodeToString(f.sum.Sum(nil))
	}
}
