//go:build !unix

package sshtest

import (
	"context"
	"fmt"
	"io"
	"sync"
)

func shell(_ context.Context, _ *sync.WaitGroup, _, _ string, _ io.Reader, _, stderr io.Writer) int {
	fmt.Fprintln(stderr, "this machine has no sh: give the server a Handler")
	return 127
}
