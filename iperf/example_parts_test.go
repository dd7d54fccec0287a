package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
)

// udpHosts play one test of UDP upstream.
func udpHosts() (dut, server iperf.HostSSH) {
	d, s := iperftest.NewHost(exampleTB{}, "192.0.2.50"), iperftest.NewHost(exampleTB{}, "192.0.2.60")
	iperftest.Test{
		Client: `Connecting to host 192.0.2.60, port 5201
[  5] local 192.0.2.50 port 40002 connected to 192.0.2.60 port 5201
[ ID] Interval           Transfer     Bitrate         Total Datagrams
[  5]   0.00-1.00   sec  5.96 MBytes  50000 Kbits/sec  5208
- - - - - - - - - - - - - - - - - - - - - - - - -
[ ID] Interval           Transfer     Bitrate         Jitter    Lost/Total Datagrams
[  5]   0.00-1.00   sec  5.96 MBytes  50000 Kbits/sec  0.000 ms  0/5208 (0%)  sender
[  5]   0.00-1.00   sec  5.91 MBytes  49594 Kbits/sec  0.021 ms  42/5208 (0.81%)  receiver

iperf Done.
`,
		Server: `-----------------------------------------------------------
Server listening on 5201 (test #1)
-----------------------------------------------------------
Accepted connection from 192.0.2.50, port 40000
[  5] local 192.0.2.60 port 5201 connected to 192.0.2.50 port 40002
[ ID] Interval           Transfer     Bitrate         Jitter    Lost/Total Datagrams
[  5]   0.00-1.00   sec  5.91 MBytes  49594 Kbits/sec  0.021 ms  42/5208 (0.81%)
- - - - - - - - - - - - - - - - - - - - - - - - -
[ ID] Interval           Transfer     Bitrate         Jitter    Lost/Total Datagrams
[  5]   0.00-1.00   sec  5.91 MBytes  49594 Kbits/sec  0.021 ms  42/5208 (0.81%)  receiver
`,
	}.Expect(d, s)
	return d, s
}

// A device behind address translation cannot be connected to. So it connects in both directions, and downstream tests
// run in iperf's reverse mode.
func ExampleHosts_connects() {
	dut, server := iperftest.NewHost(exampleTB{}, "192.0.2.50"), iperftest.NewHost(exampleTB{}, "192.0.2.60")
	hosts := iperf.Hosts{DUT: dut, TrafficServer: server, Connects: iperf.DUTConnects}
	for d := range iperf.Both.Each() {
		client, _, err := hosts.ClientServer(d)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v: the client is %s, reverse mode: %v\n", d, client.TestAddr(), hosts.Reverse(d))
	}
	// Output:
	// upstream: the client is 192.0.2.50, reverse mode: false
	// downstream: the client is 192.0.2.50, reverse mode: true
}

// An aggregator is any function. This one is the harmonic mean, which is the rate of transfers of equal size.
func ExampleAggregator() {
	harmonic := func(rates []report.BitRate) report.BitRate {
		var slowness float64
		for _, r := range rates {
			slowness += 1 / float64(r)
		}
		return report.BitRate(float64(len(rates)) / slowness)
	}
	dut, server := iperftest.NewHost(exampleTB{}, "192.0.2.50"), iperftest.NewHost(exampleTB{}, "192.0.2.60")
	iperftest.TCP(90e6, 30e6).Expect(dut, server)
	x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Aggregator: harmonic}
	res, err := x.Upstream(context.Background(), "hall")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Bandwidth)
	// The intervals are still there.
	var rates []report.BitRate
	for _, i := range res.Server.Forward.Intervals {
		rates = append(rates, i.Rate)
	}
	fmt.Println("median:", iperf.Median(rates))
	// Output:
	// 45.0 Mbit/s
	// median: 60.0 Mbit/s
}

// Somebody closes the gate, and others wait until it is open, or until its time is over.
func ExampleEventTimer() {
	gate := iperf.EventTimer{Time: time.Minute}
	gate.Clear()
	go func() {
		// Do what the others wait for, and then:
		gate.Set()
	}()
	fmt.Println(gate.Wait(context.Background()))

	late := iperf.EventTimer{Time: time.Millisecond}
	late.Clear()
	fmt.Println(errors.Is(late.Wait(context.Background()), iperf.ErrTimeout))
	// Output:
	// <nil>
	// true
}

// Two measurements of the same link, before a change and after it.
func ExampleCompare() {
	measure := func(mbits ...float64) *iperf.Measurement {
		dut, server := scriptedHosts(mbits, nil)
		m := iperf.Metric{
			Iperf:      &iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}},
			Directions: iperf.Upstream, Repetitions: len(mbits),
		}
		got, err := m.Measure(context.Background(), "gate")
		if err != nil {
			fmt.Println(err)
		}
		return got
	}
	before := measure(19.1, 19.0, 19.2, 19.1, 19.0)
	after := measure(18.1, 18.3, 18.2, 18.0, 18.2)
	changes, err := iperf.Compare(before, after)
	if err != nil {
		fmt.Println(err)
	}
	for _, c := range changes {
		fmt.Println(c)
		fmt.Println("slower by more than 3 %:", c.SlowerBy(0.03))
	}
	// Output:
	// upstream: 19.1 Mbit/s to 18.2 Mbit/s: -4.7 % (-5.8 % to -4.2 % with 96.8 %), p=0.0079, n=5+5
	// slower by more than 3 %: true
}

// One end of a test by itself, against a server that somebody else runs.
func ExampleIperf_RunClient() {
	dut := iperftest.NewHost(exampleTB{}, "192.0.2.50")
	dut.AllowMatch("iperf3 --version", iperftest.Stdout("iperf 3.12\n"))
	dut.ExpectMatch("iperf3 -c .*", iperftest.Stdout(iperftest.TCP(95.6e6).Client))
	var x iperf.Iperf
	rep, err := x.RunClient(context.Background(), dut, "192.0.2.99", "public")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sent:", rep.Forward.Sent.Rate)
	fmt.Println("received:", rep.Forward.Received.Rate)
	// Output:
	// sent: 96.6 Mbit/s
	// received: 95.6 Mbit/s
}
