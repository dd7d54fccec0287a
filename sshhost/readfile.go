package sshhost

import (
	"context"
	"fmt"
	"os"
)

// readFile returns what a file holds. If ctx ends first, as it does if the file is a FIFO or on a file system that hangs,
// the goroutine that reads is abandoned: it ends with the read.
func readFile(ctx context.Context, name string) ([]byte, error) {
	type result struct {
		text []byte
		err  error
	}
	read := make(chan result, 1)
	go func() {
		text, err := os.ReadFile(name)
		read <- result{text, err}
	}()
	select {
	case r := <-read:
		return r.text, r.err
	case <-ctx.Done():
		return nil, fmt.Errorf("read %s: %w", name, ctxError(ctx))
	}
}
