//go:build !unix

package testbed

import (
	"errors"
	"os"
	"syscall"
)

// Elsewhere the tests can be compiled, but the testbed does nothing.

const SIGSTOP = syscall.Signal(0)

func Signal(int, syscall.Signal) error { return errors.ErrUnsupported }

func inode(os.FileInfo) uint64 { return 0 }
