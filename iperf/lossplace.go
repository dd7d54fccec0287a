package iperf

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// Warnings about datagrams that no link lost.
var (
	ErrReceiverDropped = errors.New("the receiver dropped datagrams that had arrived")
	ErrSenderDropped   = errors.New("the sender's own queue dropped datagrams")
)

// A Loss is where the datagrams of a UDP test were lost. Each place is a kernel's counter over a
// little more than the test; it is nil if the counter is missing or does not count datagrams.
type Loss struct {
	Packets   int64  `json:"packets"`             // that the receiver expected, by its own report, the lost ones among them
	Lost      int64  `json:"lost"`                // by the receiver's report
	Queue     *int64 `json:"queue,omitempty"`     // dropped by the queue of the sender's device
	Interface *int64 `json:"interface,omitempty"` // dropped or damaged at the receiver's interface, those of other programs included
	Socket    *int64 `json:"socket,omitempty"`    // dropped by the receiver's socket
	Between   *int64 `json:"between,omitempty"`   // the remainder of Lost, on the way; nil unless all three counters are known
}

// Excess returns by how many datagrams the counters exceed Lost. It is 0 if they do not.
func (l *Loss) Excess() int64 { return max(0, l.counted()-l.Lost) }

// counted returns the sum of the known counters.
func (l *Loss) counted() int64 {
	var n int64
	for _, c := range []*int64{l.Queue, l.Interface, l.Socket} {
		if c != nil {
			n += *c
		}
	}
	return n
}

// String returns one line: "lost 10467 of 43000 datagrams: 0 in the sender's queue, 0 at the
// receiver's interface, 0 in the receiver's socket, 10467 in between".
func (l *Loss) String() string {
	var places []string
	for _, p := range []struct {
		n    *int64
		name string
	}{
		{l.Queue, "in the sender's queue"}, {l.Interface, "at the receiver's interface"},
		{l.Socket, "in the receiver's socket"}, {l.Between, "in between"},
	} {
		if p.n != nil {
			places = append(places, fmt.Sprintf("%d %s", *p.n, p.name))
		}
	}
	text := fmt.Sprintf("lost %d of %d datagrams", l.Lost, l.Packets)
	if len(places) > 0 {
		text += ": " + strings.Join(places, ", ")
	}
	if n := l.Excess(); n > 0 {
		text += fmt.Sprintf(" (the counters have %d more than iperf)", n)
	}
	return text
}

// lossPlace returns where a UDP test lost datagrams, and warnings if it was at the ends. It returns
// nil if the test was not of UDP or its receiver did not report a loss count. Either path may be
// nil.
func (res *Result) lossPlace(c *ClientSettings, client, server *evidence.Path) (*Loss, []error) {
	if c.protocol() != report.ProtocolUDP {
		return nil, nil
	}
	l := res.reportedLoss()
	if l == nil {
		return nil, nil
	}
	sends, gets, from, to := RoleClient, RoleServer, client, server
	if res.Reversed {
		sends, gets, from, to = gets, sends, to, from
	}
	single := !c.fragments(from) && !c.GSRO // the queue's and the interface's packets are datagrams
	if from != nil {
		l.Queue = queueDrops(from, single)
	}
	if to != nil {
		l.Socket = socketDrops(to, l.Lost)
		if link := to.Link(); link != nil && link.Counters != nil {
			if n := link.Counters.RxErrors + link.Counters.RxDropped; n == 0 || single {
				l.Interface = &n
			}
		}
	}
	if l.Queue != nil && l.Interface != nil && l.Socket != nil {
		rest := max(0, l.Lost-l.counted())
		l.Between = &rest
	}
	return l, l.warnings(sends, gets, from, to)
}

// reportedLoss returns what the receiver counted, or nil.
func (res *Result) reportedLoss() *Loss {
	sender, receiver := res.flows()
	const has = report.Lost | report.Packets
	got, told := receiver.flow, sender.flow
	for _, t := range []*report.Total{got.Received, got.Unlabelled, told.Received, told.Unlabelled} {
		if t != nil && t.UDP != nil && t.UDP.Has.Has(has) && t.UDP.Packets > 0 {
			return &Loss{Packets: t.UDP.Packets, Lost: max(0, t.UDP.Lost)}
		}
	}
	return nil
}

// fragments reports whether datagrams may be longer than the packets of the path.
func (c *ClientSettings) fragments(p *evidence.Path) bool {
	mtu := 1500
	if l := p.Link(); l != nil && l.MTU > 0 {
		mtu = l.MTU
	}
	headers := 28
	if p != nil && v6(p) {
		headers = 48
	}
	return c.Length > int64(mtu-headers) || len(c.Extra) > 0 // which can hold a length
}

// queueDrops returns how many datagrams the queue of the sender's device dropped. The kernel tells
// the sender of such a drop, so the greater of both counters has them all.
func queueDrops(p *evidence.Path, single bool) *int64 {
	n, known := int64(0), false
	if e := p.Counters.UDPSndbufErrors; e != nil {
		n, known = *e, true
	}
	var drops int64
	for _, q := range p.Qdiscs {
		if q.Drops != nil && (q.Parent == "root" || q.Parent == "") {
			drops += *q.Drops
			known = known || single || *q.Drops == 0
		}
	}
	if single {
		n = max(n, drops)
	}
	if !known {
		return nil
	}
	return &n
}

// socketDrops returns how many datagrams the receiver's socket dropped. The namespace's counter is
// of the whole test, the socket's of the time to the last sample; the former has those of other
// programs too.
func socketDrops(p *evidence.Path, lost int64) *int64 {
	var own *int64
	for _, s := range p.Samples {
		if s.UDPDrops != nil && (own == nil || *s.UDPDrops > *own) {
			own = s.UDPDrops
		}
	}
	all := p.Counters.UDPRcvbufErrors
	if all == nil || own != nil && *all > lost && *own <= lost {
		return own
	}
	return all
}

// warnings returns warnings if a tenth of the loss or more was at an end.
func (l *Loss) warnings(sends, gets Role, from, to *evidence.Path) []error {
	var all []error
	share := func(n *int64) float64 {
		if n == nil || *n == 0 || l.Lost == 0 {
			return 0
		}
		return min(1, float64(*n)/float64(l.Lost))
	}
	if v := share(l.Queue); v >= 0.1 {
		all = append(all, fmt.Errorf("%w: %d at %s of the %v, %s %% of %d lost in all, and no link lost these",
			ErrSenderDropped, *l.Queue, deviceName(from), sends, threeDigits(100*v), l.Lost))
	}
	if v := share(l.Socket); v >= 0.1 {
		all = append(all, fmt.Errorf("%w: %d in the socket of the %v (%s), %s %% of %d lost in all, and no link lost these",
			ErrReceiverDropped, *l.Socket, gets, deviceName(to), threeDigits(100*v), l.Lost))
	}
	if v := share(l.Interface); v >= 0.1 {
		all = append(all, fmt.Errorf("%w: %d at %s of the %v, %s %% of %d lost in all",
			ErrReceiverDropped, *l.Interface, deviceName(to), gets, threeDigits(100*v), l.Lost))
	}
	return all
}

// deviceName returns the device of a path for messages.
func deviceName(p *evidence.Path) string {
	if p == nil || p.Device == "" {
		return "an unknown device"
	}
	return p.Device
}
