//go:build unix

package testbed

import (
	"os"
	"syscall"
)

// SIGSTOP stops a process until it is told to go on.
const SIGSTOP = syscall.SIGSTOP

// Signal sends a signal to a process.
func Signal(pid int, s syscall.Signal) error { return syscall.Kill(pid, s) }

func inode(info os.FileInfo) uint64 { return info.Sys().(*syscall.Stat_t).Ino }
