package iperf_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

func TestMeasureOnAShapedLink(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf3")
	link := testbed.NewLink(t, "20mbit", "100mbit")
	dut, server := &sshhost.Local{Addr: link.A.Addr, Prefix: link.A.Prefix}, &sshhost.Local{Addr: link.B.Addr, Prefix: link.B.Prefix}
	m := iperf.Metric{
		Iperf: &iperf.Iperf{
			ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
			Client:       iperf.ClientSettings{Time: 2 * time.Second, Interval: 500 * time.Millisecond},
		},
		Repetitions: 3,
	}
	testbed.Repeat(t, measurements, func() error {
		m.Directions, m.Repetitions = iperf.Both, 3
		link.B.Shape(t, "100mbit")
		got, err := m.Measure(t.Context(), "")
		if err != nil {
			t.Fatalf("%+v", err)
		}
		up, down := got.Of(iperf.Upstream), got.Of(iperf.Downstream)
		if up.Spread.N != 3 || len(up.Attempts) != 3 || down.Spread.N != 3 || len(down.Attempts) != 3 {
			t.Errorf("got upstream %+v, downstream %+v", up, down)
		}
		if err := errors.Join(near("upstream", up.Value, tcpShare*20e6, 0.01), near("downstream", down.Value, tcpShare*100e6, 0.01)); err != nil {
			return err
		}

		link.B.Shape(t, "80mbit")
		m.Directions, m.Repetitions = iperf.Downstream, 5
		slower, err := m.Measure(t.Context(), "")
		if err != nil {
			t.Fatalf("%+v", err)
		}
		all, err := iperf.Compare(&iperf.Measurement{Series: []*iperf.Series{down}}, slower)
		if err != nil || len(all) != 1 || !all[0].SlowerBy(0.15) || math.Abs(all[0].Change+0.2) > 0.02 {
			return fmt.Errorf("after the link became slower by 20 %%: got %v, %v", all, err)
		}
		return nil
	})
}
