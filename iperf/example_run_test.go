package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

// One run. The hosts of these examples are played from a script; see package sshhost for real ones.
func Example() {
	dut, server := scriptedHosts(nil, []float64{95.6})
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
		FileStorage:  &storage.Mem{}, // or a directory: see storage.Open
	}
	res, err := x.Downstream(context.Background(), "kitchen.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Bandwidth)
	fmt.Println("from", res.Source)
	fmt.Println(res.ClientEnd.Version, "sent from", res.ClientEnd.Host, "to", res.ServerEnd.Host)
	// Output:
	// 95.6 Mbit/s
	// from 1 interval of the receiver in the server's report
	// iperf3 3.12 sent from 192.0.2.60 to 192.0.2.50
}

// Both directions, one after the other, with the intervals as they come.
func ExampleIperf_Run() {
	dut, server := scriptedHosts([]float64{19.1}, []float64{95.6})
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
		OnInterval: func(r iperf.Role, i report.Interval) {
			if r == iperf.RoleServer { // which receives
				fmt.Printf("  %v to %v: %v\n", i.Start, i.End, i.Rate)
			}
		},
	}
	for d := range iperf.Both.Each() {
		fmt.Println(d)
		res, err := x.Run(context.Background(), d, "kitchen")
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("  bandwidth:", res.Bandwidth)
	}
	// Output:
	// upstream
	//   0s to 1s: 19.1 Mbit/s
	//   bandwidth: 19.1 Mbit/s
	// downstream
	//   0s to 1s: 95.6 Mbit/s
	//   bandwidth: 95.6 Mbit/s
}

// A test of UDP at a fixed rate, and what it lost.
func ExampleClientSettings() {
	dut, server := udpHosts()
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
		Client: iperf.ClientSettings{
			Protocol: report.ProtocolUDP,
			Rate:     50 * report.MbitPerSecond, // 0 is iperf's default, some 1 Mbit/s
			Length:   1200,
			Time:     time.Second,
		},
	}
	res, err := x.Upstream(context.Background(), "voice")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.ClientEnd.Command)
	fmt.Println(res.Bandwidth)
	if got := res.Server.Forward.Received; got != nil && got.UDP != nil && got.UDP.Has.Has(report.Lost|report.Packets) {
		fmt.Println(got.UDP.Lost, "of", got.UDP.Packets, "datagrams were lost")
	}
	// Output:
	// iperf3 -c 192.0.2.60 -p 5201 -u -t 1 -i 1 -b 50000000 -l 1200 --connect-timeout 5000 -f k --forceflush
	// 49.6 Mbit/s
	// 42 of 5208 datagrams were lost
}

// Every kind of error can be told apart, and brings its evidence.
func ExampleRunError() {
	dut, server := iperftest.NewHost(exampleTB{}, "192.0.2.50"), iperftest.NewHost(exampleTB{}, "192.0.2.60")
	iperftest.Test{
		Server:    "-----------------------\nServer listening on 5201\n-----------------------\n",
		ClientErr: "iperf3: error - unable to connect to server: No route to host\n", ClientStatus: 1,
	}.Expect(dut, server)

	x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}}
	_, err := x.Upstream(context.Background(), "cellar")
	switch {
	case errors.Is(err, iperf.ErrNotInstalled):
		fmt.Println("install iperf3 first")
	case errors.Is(err, iperf.ErrUnreachable):
		fmt.Println("the link is down")
	}
	if e, ok := errors.AsType[*iperf.RunError](err); ok {
		fmt.Printf("the %v on %s ended with %d: %s", e.Role, e.Host, e.ExitStatus, e.Stderr)
	}
	// Output:
	// the link is down
	// the client on 192.0.2.50 ended with 1: iperf3: error - unable to connect to server: No route to host
}

// All that is wrong with the settings is told at once, before anything is started.
func ExampleIperf_Check() {
	x := iperf.Iperf{
		Client: iperf.ClientSettings{Reverse: true, Bidir: true, TOS: 300},
		Server: iperf.ServerSettings{Port: 70000},
	}
	fmt.Println(x.Check())
	// Output:
	// bad settings: Client.TOS is 300: must be from 0 to 255
	// bad settings: Client.Reverse is true: must be unset if Client.Bidir (true) is set
	// bad settings: Server.Port is 70000: must be from 0 to 65535
}

// A run that was kept gives its result again, offline.
func ExampleReplay() {
	var archive storage.Mem
	dut, server := scriptedHosts([]float64{19.1}, nil)
	x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, FileStorage: &archive}
	if _, err := x.Upstream(context.Background(), "kitchen"); err != nil {
		fmt.Println(err)
		return
	}

	// Years later, with os.DirFS in place of the memory:
	manifests, err := fs.Glob(&archive, "manifest_*.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range manifests {
		res, err := iperf.Replay(&archive, name)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(res.Name, res.Direction, res.Bandwidth)
		fmt.Println(res.ClientEnd.Command)
	}
	// Output:
	// kitchen upstream 19.1 Mbit/s
	// iperf3 -c 192.0.2.60 -p 5201 -t 10 -i 1 --connect-timeout 5000 -f k --forceflush
}
