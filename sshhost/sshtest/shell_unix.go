//go:build unix

package sshtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// shell runs a command with sh. When ctx ends, sh is told by the end of its input and by HUP, and killed if that does not
// move it. Its input is copied by a goroutine of wg's, which ends with the session.
func shell(ctx context.Context, wg *sync.WaitGroup, dir, command string, stdin io.Reader, stdout, stderr io.Writer) int {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := cmd.StdinPipe()
	cmd.WaitDelay = 5 * time.Second
	cmd.Cancel = func() error {
		input.Close()
		return syscall.Kill(-cmd.Process.Pid, syscall.SIGHUP)
	}
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 127
	}
	wg.Go(func() {
		io.Copy(input, stdin) // a command need not read it all
		input.Close()
	})
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
			return 128 + int(status.Signal())
		}
		return exit.ExitCode()
	}
	if err != nil {
		return 255 // sh ended well, but not all of its output could be passed on
	}
	return 0
}
