//go:build unix

package sshhost

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's signals from the shell: whether Ctrl-C ends a command is for this program to decide.
func ownGroup(shell *exec.Cmd) { shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup asks a program that has been given a group of its own to end, and killGroup ends it.
func endGroup(c *exec.Cmd)  { syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
func killGroup(c *exec.Cmd) { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
