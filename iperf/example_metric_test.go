package iperf_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
)

// exampleTB stands in for a test's *testing.T in examples.
type exampleTB struct{ testing.TB }

func (exampleTB) Helper()                   {}
func (exampleTB) Cleanup(func())            {}
func (exampleTB) Errorf(f string, a ...any) { fmt.Printf(f+"\n", a...) }

// scriptedHosts play tests with these rates in Mbit/s, upstream ones first.
func scriptedHosts(up, down []float64) (dut, server iperf.HostSSH) {
	d, s := iperftest.NewHost(exampleTB{}, "192.0.2.50"), iperftest.NewHost(exampleTB{}, "192.0.2.60")
	for _, mbits := range up {
		iperftest.TCP(report.BitRate(mbits)*report.MbitPerSecond).Expect(d, s)
	}
	for _, mbits := range down {
		iperftest.TCP(report.BitRate(mbits)*report.MbitPerSecond).Expect(s, d)
	}
	return d, s
}

func ExampleMetric() {
	dut, server := scriptedHosts( // see package sshhost for real ones
		[]float64{19.0, 19.1, 19.1, 19.2, 19.1, 19.0, 19.1},
		[]float64{71.0, 95.6, 95.5, 60.2, 95.7, 95.6, 95.6},
	)
	m := iperf.Metric{
		Iperf:       &iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}},
		WarmUp:      1,
		Repetitions: 6,
		Combine:     iperf.Min,
	}
	got, err := m.Measure(context.Background(), "kitchen")
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println("value:", got.Value)
	for _, s := range got.Series {
		fmt.Println(s.Direction, s.Spread)
		for _, a := range s.Attempts {
			if a.Outlier {
				fmt.Printf("  repetition %d: %v is an outlier\n", a.Repetition, a.Result.Bandwidth)
			}
		}
	}
	// Output:
	// value: 19.1 Mbit/s
	// upstream 19.1 Mbit/s (19.0 Mbit/s to 19.2 Mbit/s with 96.9 %), CV 0.33 %, n=6
	// downstream 95.6 Mbit/s (60.2 Mbit/s to 95.7 Mbit/s with 96.9 %), CV 16 %, n=6
	//   repetition 3: 60.2 Mbit/s is an outlier
}

// A gate in CI: this build's repetitions against those of the last release.
func ExampleCompareRates() {
	release := []report.BitRate{95.6e6, 95.4e6, 95.7e6, 95.6e6, 95.5e6}
	build := []report.BitRate{90.2e6, 91.0e6, 90.8e6, 89.9e6, 90.5e6}
	c, err := iperf.CompareRates(release, build)
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(c)
	switch {
	case c.TooFew():
		fmt.Println("measure more often")
	case c.SlowerBy(0.03):
		fmt.Println("too slow: more than 3 % below the release")
	}
	// Output:
	// 95.6 Mbit/s to 90.5 Mbit/s: -5.3 % (-6.0 % to -4.8 % with 96.8 %), p=0.0079, n=5+5
	// too slow: more than 3 % below the release
}
