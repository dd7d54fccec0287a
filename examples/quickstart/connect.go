package main

import (
	"context"
	"errors"
	"io"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/native"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/sshhost/sshtest"
)

// An end is a machine as the command line names it.
type end struct{ name, testAddr string }

// connect reaches both machines. done closes what was opened.
func connect(ctx context.Context, dut, server end) (hosts iperf.Hosts, done func(), err error) {
	if (dut.name == "") != (server.name == "") {
		return hosts, nil, errors.New("-dut and -server must be given together: both machines, or none of them to measure this one")
	}
	var closers []func() error
	done = func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]() // what ends here has done its work
		}
	}
	for _, e := range []struct {
		end
		host *iperf.HostSSH
	}{{dut, &hosts.DUT}, {server, &hosts.TrafficServer}} {
		c, err := e.config(&closers)
		var h *sshhost.Host
		if err == nil {
			h, err = sshhost.Dial(ctx, c)
		}
		if err != nil {
			done()
			return hosts, nil, err
		}
		closers = append(closers, h.Close)
		*e.host = h
	}
	return hosts, done, nil
}

// config tells how to reach the machine. Without a name it is this one: an SSH server in this process, whose only
// command is an iperf 3 in Go, so that nothing has to be installed.
func (e end) config(closers *[]func() error) (sshhost.Config, error) {
	if e.name == "" {
		machine := &native.Host{}
		s := sshtest.NewServer(func(ctx context.Context, command string, _ io.Reader, stdout, stderr io.Writer) int {
			err := machine.Run(ctx, command, stdout, stderr)
			if e, ok := errors.AsType[interface {
				error
				ExitStatus() int
			}](err); ok {
				return e.ExitStatus()
			}
			if err != nil {
				return 1
			}
			return 0
		})
		*closers = append(*closers, func() error { s.Close(); return nil })
		return s.Config(), nil
	}
	c, err := sshhost.FromSSHConfig(e.name, "")
	if e.testAddr != "" {
		c.TestAddr = e.testAddr
	}
	return c, err
}
