package report

import (
	"math"
	"time"
)

// A cell is what one row says, or the sum of several.
type cell struct {
	start, end time.Duration
	bytes      int64
	rate       BitRate
	omitted    bool
	dropped    nonsense // numbers that are left out, as they cannot be: nonsenseJitter or nonsenseLost
	tcp        TCP
	udp        UDP
	enh        Enhanced
	line       int
}

// add adds a parallel stream's cell to c. Numbers that have no sum, or that one of the two lacks, are given up.
func (c *cell) add(o *cell) {
	c.start, c.end = min(c.start, o.start), max(c.end, o.end)
	c.bytes = addBytes(c.bytes, o.bytes)
	c.rate += o.rate
	c.omitted = c.omitted && o.omitted
	if c.tcp.Has|o.tcp.Has != 0 {
		c.tcp.add(&o.tcp)
	}
	if c.udp.Has|o.udp.Has != 0 {
		c.udp.add(&o.udp)
	}
	if c.enh.Has|o.enh.Has != 0 {
		c.enh.add(&o.enh)
	}
}

// addBytes adds up to what an int64 has room for: nonsense of iperf's can be as much alone.
func addBytes(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64-a {
		return math.MaxInt64
	}
	return a + b
}

func (t *TCP) add(o *TCP) {
	*t = TCP{Has: t.Has & o.Has & Retransmits, Retransmits: t.Retransmits + o.Retransmits}
	if t.Has == 0 {
		t.Retransmits = 0
	}
}

func (u *UDP) add(o *UDP) {
	sum := UDP{Has: u.Has & o.Has & (Lost | Packets | PacketRate)}
	if sum.Has.Has(Lost) {
		sum.Lost = u.Lost + o.Lost
	}
	if sum.Has.Has(Packets) {
		sum.Packets = u.Packets + o.Packets
	}
	if sum.Has.Has(PacketRate) {
		sum.PacketRate = u.PacketRate + o.PacketRate
	}
	// iperf 2 prints these only where there are any.
	if (u.Has | o.Has).Has(OutOfOrder) {
		sum.Has |= OutOfOrder
		sum.OutOfOrder = u.OutOfOrder + o.OutOfOrder
	}
	*u = sum
}

func (e *Enhanced) add(o *Enhanced) {
	sum := Enhanced{Has: e.Has & o.Has & (Writes | Reads | RoundTrips)}
	if sum.Has.Has(Writes) {
		sum.Writes, sum.WriteErrors = e.Writes+o.Writes, e.WriteErrors+o.WriteErrors
	}
	if sum.Has.Has(Reads) {
		sum.Reads = e.Reads + o.Reads
	}
	if sum.Has.Has(RoundTrips) {
		sum.RoundTrips = e.RoundTrips + o.RoundTrips
	}
	*e = sum
}

// complete takes the loss from the streams' sum where the printed one lacks it. iperf 2 leaves it out, or prints it
// under the heading of writes.
func (c *cell) complete(streams *cell) {
	has := streams.udp.Has & (Lost | Packets) &^ c.udp.Has
	if has.Has(Lost) {
		c.udp.Lost = streams.udp.Lost
		c.enh = Enhanced{}
	}
	if has.Has(Packets) {
		c.udp.Packets = streams.udp.Packets
	}
	c.udp.Has |= has
}

// fill takes from the only stream what its sum lacks.
func (c *cell) fill(o *cell) {
	if lacks := o.tcp.Has &^ c.tcp.Has; lacks != 0 {
		was := c.tcp
		c.tcp = o.tcp
		if was.Has.Has(Retransmits) {
			c.tcp.Retransmits = was.Retransmits
		}
		c.tcp.Has |= was.Has
	}
	if c.udp.Has == 0 {
		c.udp = o.udp
	}
	if c.enh.Has == 0 {
		c.enh = o.enh
	}
}

// A slab makes pointers to values, many per allocation.
type slab[T any] struct{ free []T }

func (s *slab[T]) put(v *T) *T {
	if len(s.free) == cap(s.free) {
		s.free = make([]T, 0, min(256, max(4, 2*cap(s.free))))
	}
	s.free = append(s.free, *v)
	return &s.free[len(s.free)-1]
}

// slabs make what intervals and totals point to.
type slabs struct {
	reuse bool // nothing is kept: the values are overwritten by the next interval
	tcp   slab[TCP]
	udp   slab[UDP]
	enh   slab[Enhanced]
}

// interval makes an interval of c.
func (s *slabs) interval(c *cell) (i Interval) {
	s.fill(&i, c)
	return i
}

// fill makes i, which is empty, an interval of c.
func (s *slabs) fill(i *Interval, c *cell) {
	if s.reuse {
		s.tcp.free, s.udp.free, s.enh.free = s.tcp.free[:0], s.udp.free[:0], s.enh.free[:0]
	}
	i.Start, i.End, i.Bytes, i.Rate, i.Omitted = c.start, c.end, c.bytes, c.rate, c.omitted
	if c.tcp.Has != 0 {
		i.TCP = s.tcp.put(&c.tcp)
	}
	if c.udp.Has != 0 {
		i.UDP = s.udp.put(&c.udp)
	}
	if c.enh.Has != 0 {
		i.Enhanced = s.enh.put(&c.enh)
	}
}

// addTo adds c to an interval that was made before.
func (s *slabs) addTo(i *Interval, c *cell) {
	sum := cell{start: i.Start, end: i.End, bytes: i.Bytes, rate: i.Rate, omitted: i.Omitted}
	if i.TCP != nil {
		sum.tcp = *i.TCP
	}
	if i.UDP != nil {
		sum.udp = *i.UDP
	}
	if i.Enhanced != nil {
		sum.enh = *i.Enhanced
	}
	sum.add(c)
	short := i.Short
	*i = s.interval(&sum)
	i.Short = short
}

// total makes a total of c, nil of nil. A total of nothing in no time is what iperf 3 prints of a test
// that never began.
func (c *cell) total() *Total {
	if c == nil || c.bytes == 0 && c.rate == 0 && c.start == c.end {
		return nil
	}
	t := &Total{Start: c.start, End: c.end, Bytes: c.bytes, Rate: c.rate}
	if c.tcp.Has != 0 {
		tcp := c.tcp
		t.TCP = &tcp
	}
	if c.udp.Has != 0 {
		udp := c.udp
		t.UDP = &udp
	}
	if c.enh.Has != 0 {
		enh := c.enh
		t.Enhanced = &enh
	}
	return t
}
