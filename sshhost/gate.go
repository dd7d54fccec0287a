package sshhost

import (
	"fmt"
	"io"
	"sync"
)

// A gate passes output on to a command's writer as long as the command runs.
type gate struct {
	mu sync.Mutex
	w  io.Writer
	// err is w's. After it the output goes nowhere, but is still read: the command must not be held up by that.
	err error
}

func (g *gate) open(w io.Writer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.w, g.err = w, nil
}

// close waits for a write that goes on. After it the writer is not used.
func (g *gate) close() { g.open(nil) }

// write passes p on. It reports whether the gate is open, and, once, that the writer failed.
func (g *gate) write(p []byte) (open bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.w == nil || g.err != nil || len(p) == 0 {
		return g.w != nil, nil
	}
	if _, g.err = g.w.Write(p); g.err != nil {
		g.err = fmt.Errorf("write output: %w", g.err)
	}
	return true, g.err
}
