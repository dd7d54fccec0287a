package iperf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

// A sweepPair is two settings of an end that are tried together.
type sweepPair struct{ a, b sweepCell }

func (p sweepPair) String() string { return fmt.Sprintf("%v and %v", p.a, p.b) }

// make returns a test with both settings.
func (p sweepPair) make() (x iperf.Iperf) {
	p.a.around(&x)
	var y iperf.Iperf
	p.b.around(&y)
	x.Client.Protocol = max(x.Client.Protocol, y.Client.Protocol)
	for _, c := range []sweepCell{p.b, p.a} {
		if need := c.need(); need != nil {
			need.set(&x)
		}
		if c.with != nil {
			c.with(&x)
		}
	}
	p.b.set(&x)
	p.a.set(&x)
	return x
}

// pairs returns each setting with each other one of the side, in the value of its first trial.
func (s side) pairs() (all []sweepPair) {
	var cells []sweepCell
	for _, setting := range s.table {
		cells = append(cells, s.cells(setting)[0])
	}
	for i, a := range cells {
		for _, b := range cells[i+1:] {
			all = append(all, sweepPair{a, b})
		}
	}
	return all
}

// relatedPairs are client's settings that meet in a program: it has both look at the same thing, or one is done in the other's
// way. Both must have their effects. Those that the table relates by what a setting needs are tried as cells of it.
var relatedPairs = [][2]string{
	{"Bind", "ClientPort"}, {"Bind", "BindDev"}, {"BindDev", "ClientPort"}, {"IncrDstIP", "IncrDstPort"}, {"IncrDstPort", "IncrSrcIP"},
	{"NoConnectSync", "IncrDstPort"}, {"Omit", "Interval"}, {"Congestion", "Reverse"}, {"Congestion", "Bidir"}, {"Congestion", "FullDuplex"},
	{"Window", "Reverse"}, {"Window", "Bidir"}, {"Window", "TCPWritePrefetch"}, {"MSS", "NoDelay"}, {"MSS", "Bidir"}, {"MSS", "FullDuplex"},
	{"TOS", "Bidir"}, {"TOS", "FullDuplex"}, {"TOS", "Dualtest"}, {"TTL", "Dualtest"}, {"FQRate", "Congestion"}, {"FQRate", "ZeroCopy"},
	{"Bidir", "Interval"}, {"Bidir", "JSON"}, {"Bidir", "GetServerOutput"}, {"Bidir", "SkipRxCopy"}, {"Bidir", "Affinity"}, {"ZeroCopy", "Bidir"},
	{"PermitKey", "Reverse"}, {"PermitKey", "FullDuplex"}, {"PermitKey", "TripTimes"}, {"PermitKey", "Parallel"}, {"PermitKey", "PeerDetect"},
	{"PermitKey", "Bounceback"}, {"PeerDetect", "Reverse"}, {"PeerDetect", "TripTimes"}, {"TripTimes", "Parallel"}, {"TripTimes", "FullDuplex"},
	{"TxDelayTime", "Enhanced"}, {"TxDelayTime", "PermitKey"}, {"Histograms", "TCPWriteTimes"}, {"Histograms", "Enhanced"}, {"Enhanced", "Reverse"},
	{"Bounceback.Writes", "Bounceback.Period"}, {"Bounceback.Writes", "Bounceback.Hold"}, {"Isochronous", "TOS"}, {"Isochronous", "Length"},
	{"PacketRate", "Length"}, {"PacketRate", "TOS"}, {"BurstPeriod", "TOS"}, {"HideIPs", "Enhanced"}, {"SumOnly", "Enhanced"},
	{"JSON", "GetServerOutput"}, {"JSON", "Reverse"}, {"JSON", "Verbose"}, {"Title", "Timestamps"}, {"Verbose", "GetServerOutput"},
	{"DontFragment", "Length"}, {"DontFragment", "TOS"}, {"DontFragment", "UDPCounters64Bit"}, {"UDPCounters64Bit", "RepeatingPayload"}, {"GSRO", "DontFragment"},
	{"MPTCP", "MSS"}, {"MPTCP", "Congestion"}, {"MPTCP", "FQRate"}, {"MPTCP", "TOS"}, {"MPTCP", "NoDelay"}, {"MPTCP", "Bind"}, {"MPTCP", "BindDev"},
	{"MPTCP", "ClientPort"}, {"MPTCP", "Reverse"}, {"MPTCP", "Bidir"}, {"MPTCP", "Window"}, {"MPTCP", "ZeroCopy"}, {"MPTCP", "SndTimeout"},
	{"SndTimeout", "Bidir"}, {"ControlKeepAlive", "Reverse"}, {"Username", "Reverse"}, {"Username", "JSON"},
}

// related returns the pairs with the cells of their settings.
func related() (all []sweepPair) {
	s := sweepSides()[0]
	for _, pair := range relatedPairs {
		all = append(all, sweepPair{s.cells(*settings.Find(s.table, pair[0]))[0], s.cells(*settings.Find(s.table, pair[1]))[0]})
	}
	return all
}

// scene returns what both need around the run.
func (p sweepPair) scene() scene {
	s := p.a.scene
	if !s.special() && s.addr == "" {
		s = p.b.scene
	}
	return s
}

// tryPair runs both settings together and returns the verdict: that both effects are seen.
func (b *sweepBed) tryPair(p sweepProgram, pair sweepPair) string {
	x := pair.make()
	placed := b.place(&x)
	return b.turns(p, func() error {
		if err := b.refused(p, placed, pair.scene()); err != nil {
			return err
		}
		e := b.run(p.path, *placed, pair.scene())
		fails := pair.a.fails || pair.b.fails
		switch said := iperf.Refusal.FindString(e.client + e.server); {
		case said != "" && !fails:
			return fmt.Errorf("Check takes it, and iperf says %q: %.300q", said, e.client+e.server)
		case e.err != nil && !fails:
			return fmt.Errorf("the run failed: %w", e.err)
		}
		return errors.Join(pair.a.seen(e), pair.b.seen(e))
	})
}

// TestSweepPairs has every pair of settings that Check takes taken by the program, if TUNA_SWEEP is set as for TestSweep: a
// client comes to connecting, and a server to listening, without a complaint. So what a program refuses, Check refuses.
func TestSweepPairs(t *testing.T) {
	only := sweepOnly(t)
	b := newSweepBed(t)
	slots := make(chan struct{}, 4*sweepTogether())
	var wg sync.WaitGroup
	defer wg.Wait()
	port := 6000
	for _, p := range sweepPrograms(t, b) {
		tried, refused := 0, 0
		for _, s := range sweepSides() {
			for _, pair := range s.pairs() {
				x := pair.make()
				if name := fmt.Sprintf("%v of %v", pair, p); !only.MatchString(name) {
					continue
				}
				addr := pair.reachable()
				if b.place(&x).Check() != nil || iperf.Refuses(b.place(&x), p.version, addr) != nil || x.Client.Protocol == report.ProtocolSCTP {
					refused++
					continue
				}
				tried++
				port++
				x.Server.AutoPort, x.Server.Port, x.Client.Port = false, port, port
				slots <- struct{}{}
				wg.Go(func() {
					defer func() { <-slots }()
					if err := b.takes(t.Context(), p, s.name, addr, b.place(&x)); err != nil {
						t.Errorf("%v of %v: %v", pair, p, err)
					}
				})
			}
		}
		t.Logf("%v: %d pairs tried, %d refused before", p, tried, refused)
	}
}

// reachable returns the address that the client connects to if there is no server: the scene's, unless it is one to which
// there is no way.
func (p sweepPair) reachable() string {
	if addr := p.scene().addr; addr != "" && addr != viaGateway && addr != multicastGroup {
		return addr
	}
	return serverAddr
}

// takes starts one end on its host, without the other end, and returns an error if it complains.
func (b *sweepBed) takes(ctx context.Context, p sweepProgram, side, addr string, x *iperf.Iperf) error {
	args, err := iperf.CommandLine(x, p.version, side, addr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	n := b.link.A
	if side == "Server" {
		n = b.link.B
	}
	// ip becomes the program, so that is what is killed.
	cmd := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.Name, "env", "IPERF3_PASSWORD=secret", p.path}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it fails, as nothing listens, or is killed
	}()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	came := false
	for running := true; running; {
		select {
		case <-ended:
			running = false
		case <-tick.C:
			// A server goes on for ever. Datagrams go on for the time of the test.
			if came = side == "Server" && testbed.Waits(cmd.Process.Pid, x.Server.Port); came {
				cancel()
				<-ended
				running = false
			}
		}
	}
	said := out.String()
	if complaint := iperf.Refusal.FindString(said); complaint != "" {
		return fmt.Errorf("it says %q: %s: %.400q", complaint, strings.Join(args, " "), said)
	}
	quiet := strings.Contains(strings.Join(args, " "), "-y") || x.Client.ReportExclude != ""
	connects := slices.ContainsFunc([]string{"refused", "connected with", "connecting to"}, func(text string) bool {
		return strings.Contains(said, text)
	})
	switch {
	case side == "Server" && !came:
		return fmt.Errorf("it does not come to listen: %s: %.400q", strings.Join(args, " "), said)
	case side == "Client" && !quiet && !connects:
		return fmt.Errorf("it does not come to connecting: %s: %.400q", strings.Join(args, " "), said)
	}
	return nil
}
