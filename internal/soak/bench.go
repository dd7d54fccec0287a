package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// A bench lets package testbed build for a program what it builds for a test.
type bench struct {
	testing.TB // nil: for its private method only

	ctx      context.Context
	mu       sync.Mutex
	cleanups []func()
	failed   atomic.Bool
}

// do calls f, which Fatal may end, and waits for it.
func (b *bench) do(f func()) {
	var wg sync.WaitGroup
	wg.Go(f)
	wg.Wait()
}

func (b *bench) cleanUp() {
	b.mu.Lock()
	all := b.cleanups
	b.cleanups = nil
	b.mu.Unlock()
	for _, f := range slices.Backward(all) {
		b.do(f)
	}
}

func (b *bench) Cleanup(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cleanups = append(b.cleanups, f)
}

func (b *bench) TempDir() string {
	dir, err := os.MkdirTemp("", "tuna-soak-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (b *bench) Helper()                  {}
func (b *bench) Context() context.Context { return b.ctx }
func (b *bench) Failed() bool             { return b.failed.Load() }
func (b *bench) Logf(format string, arg ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arg...)
}

func (b *bench) Fatal(arg ...any) {
	b.failed.Store(true)
	fmt.Fprintln(os.Stderr, arg...)
	runtime.Goexit()
}

func (b *bench) Fatalf(format string, arg ...any) { b.Fatal(fmt.Sprintf(format, arg...)) }
func (b *bench) Skip(arg ...any)                  { b.Fatal(arg...) }
