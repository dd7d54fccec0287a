//go:build unix

package sshhost

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's signals from the shell: whether Ctrl-C ends a command is for this program to decide.
func ownGroup(shell *exec.Cmd) { shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
