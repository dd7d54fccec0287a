package sshhost

import (
	"io"
	"reflect"
	"sync"
)

// writers makes nil writers discard, and lets only one write at a time go to a writer that is given for both streams.
func writers(stdout, stderr io.Writer) (io.Writer, io.Writer) {
	if stdout == nil {
		stdout = io.Discard
	}
	if stderr == nil {
		stderr = io.Discard
	}
	if reflect.ValueOf(stdout).Comparable() && stdout == stderr {
		one := &lockedWriter{w: stdout}
		return one, one
	}
	return stdout, stderr
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
