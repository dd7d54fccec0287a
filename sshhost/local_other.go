//go:build !unix

package sshhost

import "os/exec"

func ownGroup(*exec.Cmd)    {}
func endGroup(*exec.Cmd)    {}
func killGroup(c *exec.Cmd) { c.Process.Kill() }
