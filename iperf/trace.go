package iperf

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// Path is what the kernel of one end shows of the path to the other end.
type Path = evidence.Path

// A trace collects the evidence of one end's path. It runs commands on the host beside those of the
// test.
type trace struct {
	host    HostSSH
	peer    string          // address of the other end, with the device that the end is bound to
	ctx     context.Context // of its commands
	cancel  context.CancelFunc
	running sync.WaitGroup
	routed  EventTimer // open: the route is known, or cannot be
	asked   EventTimer // open: the command for before has ended
	before  answer
	during  answer
}

// startTrace starts the first command of a trace to the peer's address, whose slow part waits for
// the pause. The caller must call closeTraces.
func (x *Iperf) startTrace(ctx context.Context, h HostSSH, role Role, peer string, pause time.Duration) *trace {
	peer = plainAddress(peer)
	if device := x.boundTo(role); device != "" && !strings.Contains(peer, "%") {
		peer += "%" + device
	}
	ctx, cancel := context.WithCancel(ctx)
	t := &trace{host: h, peer: peer, ctx: ctx, cancel: cancel, routed: EventTimer{Time: traceTime}, asked: EventTimer{Time: asking}}
	t.routed.Clear()
	t.asked.Clear()
	t.running.Go(func() {
		defer t.asked.Set()
		defer t.routed.Set()
		out := writerFunc(func(p []byte) {
			t.before.Write(p)
			if t.works() {
				t.routed.Set()
			}
		})
		h.Run(ctx, evidence.Before{Peer: peer, Pause: pause}.Command(), out, io.Discard)
	})
	return t
}

// tracePause is how long the first command of a trace waits before its slow part, so that it does
// not slow down the start of the test. The part is over before a test of a second ends.
const tracePause = 300 * time.Millisecond

// pause returns the pause of the first command on a host, if it runs before the client starts.
func (x *Iperf) pause(h HostSSH) time.Duration {
	if test, fixed := x.Client.duration(); fixed && test < time.Second || deviceOf(h) != "" {
		return 0
	}
	return tracePause
}

// boundTo returns the device that an end is told to use. It is empty if there is none.
func (x *Iperf) boundTo(role Role) string {
	bind, device := x.Client.Bind, x.Client.BindDev
	if role == RoleServer {
		bind, device = x.Server.Bind, x.Server.BindDev
	}
	_, zone, _ := strings.Cut(bind, "%")
	return cmp.Or(device, zone)
}

// traceTime is how long a run waits for the route. It does without the evidence of a host that
// takes longer.
const traceTime = 2 * time.Second

// works reports whether the host's shell has run the first part of the command.
func (t *trace) works() bool { return t.before.has(evidence.Routed) }

// route returns the device of the route, and the one whose queue is looked at. Until the host has
// told, they are those of the last run. The queue is empty if the device has none, or if nothing is
// known.
func (m *machine) route() queueFact {
	var last queueFact
	if kept := factsOf(m.host); kept != nil {
		v, _ := kept.Load(queueKey(m.peer))
		last, _ = v.(queueFact)
	}
	if m.trace == nil {
		return last
	}
	p := evidence.Read(m.trace.before.String(), "", "")
	switch {
	case p == nil || p.Device == "" || p.Queue == "" && p.Device == last.device:
		return last
	case p.Queue == "": // the queue may be that of a device beneath
		return queueFact{p.Device, p.Device, p.Source}
	}
	return queueFact{p.Device, queueOf(p), p.Source}
}

// queueOf returns the device of the path's queue. It is empty if the device has none that holds
// packets.
func queueOf(p *Path) string {
	if len(p.Qdiscs) > 0 && !slices.ContainsFunc(p.Qdiscs, func(q evidence.Qdisc) bool { return q.Kind != "noqueue" }) {
		return ""
	}
	return p.Queue
}

// An answer keeps what a command of a trace prints, at most 1 MiB. It may be written and read by
// several goroutines.
type answer struct {
	mu   sync.Mutex
	text strings.Builder
}

const longestAnswer = 1 << 20

func (a *answer) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.text.Write(p[:min(len(p), longestAnswer-a.text.Len())])
	return len(p), nil
}

func (a *answer) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.String()
}

// has reports whether a line of the text is this one.
func (a *answer) has(line string) bool { return strings.Contains(a.String(), "\n"+line+"\n") }

// A queueKey is the key of a queueFact in a host's facts. It is the address of the other end, as
// the caller gave it.
type (
	queueKey  string
	queueFact struct{ device, queue, source string } // of the last route to that address
)

// traced returns text, the command of a program, with the counters around it, and the mark that
// stands between them. It returns text as it is and an empty mark if the host is not traceable, or
// if evidence is not wanted.
func (m *machine) traced(text string) (_, mark string) {
	if m.traceable != yes {
		return text, ""
	}
	mark = "\x1e" + rand.Text()
	return evidence.Around(text, mark, m.route().queue), mark
}

// recallTraces sets what the hosts' facts say of machines that were not asked in this attempt. It
// starts the trace of a host of which they say nothing, and waits for the answer. It also starts
// that of a host whose route has to be known before any traffic.
func (x *Iperf) recallTraces(ctx context.Context, client, server *machine) {
	x.recallTrace(ctx, client, RoleClient, server.host.TestAddr())
	x.recallTrace(ctx, server, RoleServer, cmp.Or(client.route().source, client.host.TestAddr())) // from where the client comes
	for _, m := range []*machine{client, server} {
		if m.trace != nil && m.traceable == unclear {
			m.learnTraceable()
		}
	}
}

func (x *Iperf) recallTrace(ctx context.Context, m *machine, role Role, peer string) {
	if m.trace != nil || x.NoPath {
		return
	}
	if kept := factsOf(m.host); kept != nil {
		v, _ := kept.Load(traceableKey{})
		m.traceable, _ = v.(truth)
	}
	m.peer = peer
	if m.traceable == unclear || m.traceable == yes && deviceOf(m.host) != "" {
		m.trace = x.startTrace(ctx, m.host, role, m.peer, x.pause(m.host))
	}
}

// followClient starts the server's trace again if the client's route shows that it comes from
// another address than the one that the trace has asked for, such as a client whose TestAddr is in
// another network.
func (x *Iperf) followClient(ctx context.Context, client, server *machine) {
	if client.trace == nil || server.trace == nil {
		return
	}
	from, asked := evidence.Read(client.trace.before.String(), "", ""), evidence.Read(server.trace.before.String(), "", "")
	if from == nil || asked == nil {
		return
	}
	if source, err := netip.ParseAddr(from.Source); err != nil || source.IsLinkLocalUnicast() { // which needs a zone of the server's
		return
	}
	if address, _, _ := strings.Cut(asked.Peer, "%"); address != from.Source {
		closeTraces(server)
		server.peer = from.Source
		server.trace = x.startTrace(ctx, server.host, RoleServer, server.peer, x.pause(server.host))
		server.learnTraceable()
	}
}

// learnTraceable waits until the trace's command shows whether the host's shell runs it, and keeps
// the answer.
func (m *machine) learnTraceable() {
	m.trace.routed.Wait(m.trace.ctx)
	m.traceable = truthOf(m.trace.works())
	if kept := factsOf(m.host); kept != nil {
		kept.Store(traceableKey{}, m.traceable)
	}
}

// A traceableKey is the key of a truth in a host's facts: whether its shell runs the commands of a
// trace.
type traceableKey struct{}

// closeTraces ends the commands of both traces and waits for them. Either machine may be nil.
func closeTraces(machines ...*machine) {
	machines = slices.DeleteFunc(machines, func(m *machine) bool { return m == nil || m.trace == nil })
	for _, m := range machines {
		m.trace.cancel()
	}
	for _, m := range machines {
		m.trace.running.Wait()
	}
}

// finishTrace returns the path of a closed trace, and keeps its route for the next run. counters
// has those before and after the program.
func (m *machine) finishTrace(counters *evidence.Splitter) *Path {
	if m.trace == nil {
		return nil
	}
	p := evidence.Read(counters.First()+m.trace.before.String(), m.trace.during.String(), counters.Last())
	if kept := factsOf(m.host); p != nil && kept != nil {
		kept.Store(queueKey(m.peer), queueFact{p.Device, queueOf(p), p.Source})
	}
	return p
}

// interpret tells what the evidence of both paths says of the bandwidth, if there is one.
func (res *Result) interpret(c *ClientSettings, s *ServerSettings) {
	client, server := res.ClientEnd.Path, res.ServerEnd.Path
	if res.Source.Role == 0 || client == nil && server == nil {
		return
	}
	res.Warnings = append(res.Warnings, res.crossed(c, client, server)...)
	loss, warnings := res.lossPlace(c, client, server)
	res.Loss, res.Warnings = loss, append(res.Warnings, warnings...)
	if s.Rate == 0 { // a server of iperf 2 that reads at a rate
		res.Limit = res.limit(c, client, server)
	}
}

// Samples are taken about a dozen times in a test, but not so often that they disturb it, nor so
// seldom that they miss what comes and goes.
const (
	samples      = 12
	shortestGap  = 250 * time.Millisecond // unless the test is shorter than four of them
	longestGap   = 10 * time.Second
	sampleTime   = 20 * time.Millisecond  // that one takes on a slow host
	sampleMargin = 100 * time.Millisecond // between the last one and the end of the test
)

// sample starts the commands that look at a machine while a client of x runs.
func (x *Iperf) sample(ctx context.Context, m *machine, role Role, srv *Server) {
	if m.traceable != yes {
		return
	}
	if m.trace == nil {
		m.trace = x.startTrace(ctx, m.host, role, m.peer, 0)
	}
	route := m.route()
	d := evidence.During{Device: route.queue, Link: route.device, Port: srv.Port, UDP: x.Client.protocol() == report.ProtocolUDP}
	if d.Every, d.Count = x.Client.sampling(); d.Count > 0 {
		t := m.trace
		t.running.Go(func() { t.host.Run(t.ctx, d.Command(), &t.during, io.Discard) })
	}
}

// sampling returns when an end is looked at in a test by these settings. A test without a fixed
// time is looked at every second, for an hour at most.
func (c *ClientSettings) sampling() (every time.Duration, count int) {
	test, fixed := c.duration()
	if !fixed {
		return time.Second, 3600
	}
	every = min(max(test/samples, min(shortestGap, test/4)), longestGap)
	return every, int(max(0, test-sampleMargin) / (every + sampleTime))
}

// demandDevices stores at each host which device test traffic must use there. swapped means that
// client is the server of ClientServer's answer.
func (x *Iperf) demandDevices(d Direction, client, server *guardedHost, swapped bool) error {
	t, ok := x.ClientServer.(TestDevicer)
	if !ok {
		return nil
	}
	if swapped {
		client, server = server, client
	}
	client.device, server.device = t.TestDevices(d)
	for _, h := range []*guardedHost{client, server} {
		switch {
		case h.device == "":
		case strings.ContainsFunc(h.device, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == '/' }):
			return fmt.Errorf("%w: the device for test traffic of the %s is %q: must be the name of an interface", ErrSettings, h.machine, h.device)
		case x.NoPath:
			return &SettingError{Field: "NoPath", Value: "true", Allowed: "false, as ClientServer tells which devices test traffic must use",
				Together: []string{"ClientServer"}}
		}
	}
	return nil
}

// rightPath returns an error that wraps ErrWrongPath if the route to the other end does not go
// through the device that test traffic must use.
func (m *machine) rightPath(role Role) error {
	wanted := deviceOf(m.host)
	if wanted == "" {
		return nil
	}
	where := fmt.Sprintf("%v on %s: test traffic must use %s", role, machineName(machineOf(m.host), hostName(m.host)), wanted)
	if m.trace == nil {
		return fmt.Errorf("%w: %s, and the host cannot be asked for its route", ErrWrongPath, where)
	}
	m.trace.asked.Wait(m.trace.ctx)
	p := evidence.Read(m.trace.before.String(), "", "")
	switch {
	case p == nil || p.Device == "":
		return fmt.Errorf("%w: %s, and the host does not tell its route to %s", ErrWrongPath, where, m.trace.peer)
	case !p.Through(wanted):
		return fmt.Errorf("%w: %s, and the route to %s is over %s", ErrWrongPath, where, m.trace.peer, p.Device)
	}
	return nil
}

// deviceOf returns the device that test traffic must use at a host of a run. It is empty for any.
func deviceOf(h HostSSH) string {
	if g, ok := h.(*guardedHost); ok {
		return g.device
	}
	return ""
}
