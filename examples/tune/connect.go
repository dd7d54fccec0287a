package main

import (
	"context"
	"errors"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/config"
	"github.com/tunaperf/tuna/iperf/native"
	"github.com/tunaperf/tuna/sshhost"
)

// connect reaches the machines of the configuration. done closes what was opened.
func connect(ctx context.Context, conf *config.Configuration) (hosts iperf.Hosts, done func(), err error) {
	switch {
	case conf.DUT == nil && conf.TrafficServer == nil:
		return iperf.Hosts{DUT: &native.Host{}, TrafficServer: &native.Host{}}, func() {}, nil
	case conf.DUT == nil || conf.TrafficServer == nil:
		return hosts, nil, errors.New("client_section and server_section must be given together")
	}
	dut, err := dial(ctx, conf.DUT)
	if err != nil {
		return hosts, nil, err
	}
	server, err := dial(ctx, conf.TrafficServer)
	if err != nil {
		dut.Close()
		return hosts, nil, err
	}
	done = func() {
		dut.Close()
		server.Close()
	}
	return iperf.Hosts{DUT: dut, TrafficServer: server}, done, nil
}

// dial logs in with the agent and the keys of this user, and with the password of the file if there is one.
func dial(ctx context.Context, h *config.Host) (*sshhost.Host, error) {
	return sshhost.Dial(ctx, sshhost.Config{
		Addr: h.Addr(), User: h.Username, Password: h.Password, Timeout: h.Timeout, TestAddr: h.TestIP, Prefix: h.Prefix,
	})
}
