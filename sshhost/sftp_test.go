//go:build unix

package sshhost_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
)

// TestTransferThatHangs has a file that the host waits for, as on a network drive whose server is away.
func TestTransferThatHangs(t *testing.T) {
	h := dial(t, config(testbed.StartSSHD(t, testbed.SSHDConfig{})))
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	letGo := func() { // nobody waits for the other end of the pipe any more
		if f, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
			f.Close()
		}
	}
	defer letGo()
	late := time.AfterFunc(20*time.Second, func() {
		t.Error("the transfer goes on")
		letGo()
	})
	defer late.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := h.Download(ctx, pipe, io.Discard); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
	var out strings.Builder
	if err := h.Run(t.Context(), "echo here", &out, nil); err != nil || out.String() != "here\n" {
		t.Errorf("the next command: got %q (%v), want here", &out, err)
	}
}
