package report

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"time"
)

// csvLayout is what a test's CSV rows have told about their layout.
type csvLayout struct {
	seen    bool
	counted bool                // the sender's address comes first, as since iperf 2.1; before: this end's
	last    [40]byte            // the last row's time
	headers map[int][]csvColumn // by how many columns they name
}

const maxFields = 64

// readCSV takes a line of iperf 2's CSV. It is false when b is none.
func (r *reader) readCSV(b []byte) bool {
	if len(b) < 20 || b[len("20261123054953")-1]-'0' > 9 {
		return false
	}
	fields := &r.fields
	n := splitCommas(b, fields)
	if n < 6 || !isCSVTime(fields[0]) {
		return false
	}
	t := r.begin(false)
	t.lines++
	t.async, t.csv.seen = true, true
	t.rep.Program = programIperf2
	row := &r.row
	row.reset(r.src.lines)
	if !row.parseCSV(fields[:n], r.src.noEnd, t.csv.headers[n]) {
		t.warning(syntaxError(r.src.lines, b, "a row of iperf 2's CSV"))
		t.broken = r.src.noEnd
		return true
	}
	if row.start == 0 && row.kind == labelStream && t.over() && t.followsCSV(row, fields[:n]) {
		csv := t.csv
		t = r.follow()
		t.lines, t.csv = 1, csv
	}
	if t.rep.Start.IsZero() {
		t.rep.Start = csvStart(fields[0], row.end)
	}
	copy(t.csv.last[:], fields[0])
	t.csvRow(row, fields[:n])
	return true
}

// splitCommas gives the fields of a line and how many they are. The last one has what there is no room for.
func splitCommas(b []byte, fields *[maxFields][]byte) (n int) {
	const (
		commas = 0x2c2c2c2c2c2c2c2c
		low    = 0x7f7f7f7f7f7f7f7f
	)
	from, i := 0, 0
	// Eight bytes at a time: of those that are commas, and only of those, the top bit is left.
	for ; i+8 <= len(b) && n < maxFields-8; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:]) ^ commas
		for found := ^(x&low + low | x | low); found != 0; found &= found - 1 {
			at := i + bits.TrailingZeros64(found)/8
			fields[n] = b[from:at]
			n++
			from = at + 1
		}
	}
	for ; i < len(b) && n < maxFields-1; i++ {
		if b[i] == ',' {
			fields[n] = b[from:i]
			n++
			from = i + 1
		}
	}
	fields[n] = b[from:]
	return n + 1
}

// isCSVTime reports whether b is like 20261123054953, with milliseconds and a time zone where they are printed.
func isCSVTime(b []byte) bool {
	if i := bytes.IndexByte(b, ':'); i >= 0 {
		b = b[i+1:]
	}
	if len(b) < 14 {
		return false
	}
	for i, c := range b {
		if c-'0' > 9 && (i < 14 || c != '.') {
			return false
		}
	}
	return true
}

// csvTime gives the moment that a row is from. The versions that print 1970 do not know it.
func csvTime(b []byte) time.Time {
	layout := "20060102150405"
	if bytes.IndexByte(b, ':') >= 0 {
		layout = "-0700:" + layout
	}
	at, err := time.Parse(layout, string(b))
	if err != nil || at.Year() < 1980 {
		return time.Time{}
	}
	return at
}

// csvStart gives the moment at which the test of a row began, to the second where the row's own is.
func csvStart(b []byte, since time.Duration) time.Time {
	at := csvTime(b)
	if at.IsZero() {
		return at
	}
	if at.Nanosecond() == 0 {
		since = since.Round(time.Second)
	}
	return at.Add(-since)
}

// followsCSV reports whether a row is of a test that the same client began after this one was over: the traffic goes
// the same way.
func (t *test) followsCSV(row *row, f [][]byte) bool {
	begun, over := csvStart(f[0], row.end), csvTime(bytes.TrimRight(t.csv.last[:], "\x00"))
	if len(f) < 9 || begun.IsZero() || over.IsZero() || !begun.After(over) {
		return false
	}
	for _, fl := range t.flows {
		if fl.key == csvKey(csvPorts(f)) && fl.ends == csvEnds(f) {
			return true
		}
	}
	return false
}

func csvPorts(f [][]byte) (from, to int) {
	if len(f) < 9 {
		return 0, 0
	}
	a, _ := parseInt(f[2])
	b, _ := parseInt(f[4])
	return int(a), int(b)
}

// csvKey tells the direction of a row by its ports.
func csvKey(from, to int) flowKey {
	switch {
	case from == 0 && to == 0:
		return flowKey{class: classOnly}
	case from == defaultPort2, to != defaultPort2 && from != 0 && from < to, to == 0 && from != 0:
		return flowKey{class: classFromServer, port: from}
	}
	return flowKey{class: classToServer, port: to}
}

// csvEnds gives the two addresses of a row.
func csvEnds(f [][]byte) [2]string { return [2]string{string(f[1]), string(f[3])} }

// parseCSV reads the columns that all layouts have.
func (r *row) parseCSV(f [][]byte, cut bool, columns []csvColumn) bool {
	short := len(f) < 9 // iperf 2.0.4's server leaves the addresses out
	id := 5
	if short {
		id = len(f) - 4
	}
	if id < 1 {
		return false
	}
	v, n := parseNumber(f[id])
	if n == 0 || n != len(f[id]) || v.frac != 0 || v.mant < -9 || v.mant > math.MaxInt32 {
		return false
	}
	r.id = int(v.mant)
	if r.id < 0 {
		r.kind = labelSum
	}
	at := id + 1
	interval := f[at]
	from, n := parseNumber(interval)
	if n == 0 {
		return false
	}
	var to number
	if n == len(interval) {
		// The start and the end have columns of their own.
		at++
		var l int
		if to, l = parseNumber(f[at]); l == 0 || l != len(f[at]) {
			return false
		}
	} else {
		rest := interval[n:]
		if rest[0] != '-' {
			return false
		}
		rest = rest[1:]
		rest = rest[spaces(rest):]
		var l int
		if to, l = parseNumber(rest); l == 0 || l != len(rest) {
			return false
		}
	}
	if at+2 >= len(f) {
		return false
	}
	var ok, ok2 bool
	r.start, ok = from.duration(ofSecond)
	r.end, ok2 = to.duration(ofSecond)
	amount, n1 := parseNumber(f[at+1])
	rate, n2 := parseNumber(f[at+2])
	if !ok || !ok2 || r.start < 0 || n1 == 0 || n2 == 0 || n1 != len(f[at+1]) || n2 != len(f[at+2]) {
		return false
	}
	r.bytes, r.rate = amount.bytes(0), BitRate(rate.float(0))
	r.decimals = to.frac
	if cut && len(f) == at+3 {
		// The rate may have lost digits: it must agree with the bytes.
		d := (r.end - r.start).Seconds()
		if d <= 0 || float64(r.rate) < 0.8*float64(r.bytes)*8/d {
			return false
		}
	}
	switch {
	case len(f) == 14 && at == id+1:
		r.parseCSVLoss(f[9:], cut)
	case columns != nil:
		r.parseNamed(f, columns, cut)
	}
	return true
}

// parseCSVLoss reads the columns jitter, lost, total, percent and out of order.
func (r *row) parseCSVLoss(f [][]byte, cut bool) {
	jitter, n0 := parseNumber(f[0])
	lost, n1 := parseNumber(f[1])
	total, n2 := parseNumber(f[2])
	r.hasBare = true // it has these columns, whatever is in them
	if n1 != len(f[1]) || n2 != len(f[2]) || n1 == 0 || n2 == 0 || total.mant < 0 || lost.mant < 0 {
		r.by = 's' // "-nan,0,-1,-0.000,0": what a sender prints since 2.1
		return
	}
	r.udp.Has = Lost | Packets
	r.udp.Lost, r.udp.Packets = lost.mant, total.mant
	if d, ok := jitter.duration(ofMilli); ok && n0 == len(f[0]) && n0 > 0 && d >= 0 {
		r.udp.Has |= Jitter
		r.udp.Jitter = d
	}
	if v, n := parseInt(f[4]); n > 0 && n == len(f[4]) && !cut {
		r.udp.Has |= OutOfOrder
		r.udp.OutOfOrder = v
	}
}

// csvRow gives a row to its stream.
func (t *test) csvRow(row *row, f [][]byte) {
	from, to := csvPorts(f)
	if row.hasBare {
		t.rep.Protocol = ProtocolUDP
	} else if t.rep.Protocol == 0 {
		t.rep.Protocol = ProtocolTCP
	}
	if row.kind == labelSum {
		t.asyncSum(&row.cell)
		return
	}
	if row.id < 3 {
		t.csv.counted = true
	}
	// iperf 2.0 prints the server's report as a row of the same connection seen from the other end.
	if row.hasBare && !t.csv.counted {
		for _, g := range t.flows {
			k := streamKey{row.id, to, from}
			if i, ok := g.index[k]; ok && from != to && row.start == 0 {
				s := g.streams[i]
				if s.holds || s.totals[totalOwn] != nil {
					g.total(s, totalFar, &row.cell)
					return
				}
			}
		}
	}
	key := csvKey(from, to)
	if row.hasBare && key.class == classToServer {
		t.csv.counted = true // before 2.1 only a receiver has these columns, and prints its own port first
	}
	fl := t.flow(key)
	if len(fl.streams) == 0 && len(f) >= 9 {
		fl.ends = csvEnds(f)
	}
	switch row.by {
	case 's':
		fl.counts.sender = true
	case 'r':
		fl.counts.receiver = true
	}
	s := fl.stream(streamKey{row.id, from, to})
	fl.rowAsync(s, &row.cell, false)
}

// The default size of what iperf 2 writes at once over TCP, and more than the header that its first write may have.
const (
	tcpBlock  = 128 << 10
	tcpHeader = 256
)

// noteBlocks follows whether the amounts of intervals are whole writes, as a sender's are. A receiver's are that, too,
// when it waits at the end of an interval, but hardly ever when its traffic flows without a pause.
func (f *flow) noteBlocks(v int64, first bool) {
	rest := v % tcpBlock
	switch whole := rest == 0 || first && rest < tcpHeader; {
	case !whole && !first && v%4 != 0:
		f.blocks.broken++ // of no size that anybody writes
	case !whole:
		f.blocks.other++
	case v >= 100*tcpBlock:
		f.blocks.whole++
	}
}

// finishCSV decides which way each flow went and which end counted it.
func (t *test) finishCSV() {
	if !t.csv.seen {
		return
	}
	// Rows without addresses are those that iperf 2.0.9's server prints of the connections it accepted.
	for _, f := range t.flows {
		if f.key.class == classOnly && t.rep.Side == 0 && len(f.streams) > 0 && !t.csv.counted {
			t.rep.Side = ServerSide
		}
	}
	first := t.firstCSV()
	for _, f := range t.flows {
		if f.key.class == classOnly || f.key.class == classMixed {
			continue
		}
		if t.csv.counted {
			f.own = t.csvCounted(f)
			if f.own == totalSent {
				f.dropLoss()
			}
			continue
		}
		// Before 2.1: this end's address, then the other's. Data goes to the port that listens.
		if f.key.class == classToServer {
			f.own = totalSent
		} else {
			f.own = totalReceived
		}
		if f.own == totalSent && t.rep.Side == ServerSide && len(t.flows) == 1 || t.doubtfulCSV(f) {
			f.own = t.csvCounted(f)
			continue
		}
		if !t.bareCSV() && first == f && t.rep.Side == 0 {
			if t.rep.Side = ClientSide; f.key.class == classFromServer {
				t.rep.Side = ServerSide
			}
		}
	}
	t.sideCSV()
}

// sideCSV concludes from who counted the traffic which end that is.
func (t *test) sideCSV() {
	var side Side
	for _, f := range t.flows {
		if f.own == 0 || f.own == totalUnlabelled {
			continue
		}
		s := ServerSide
		if (f.own == totalSent) == t.forwardCSV(f) {
			s = ClientSide
		}
		if side != 0 && side != s {
			return
		}
		side = s
	}
	if t.rep.Side == 0 {
		t.rep.Side = side
	}
}

// firstCSV is the flow that tells the server's port, which is 5001 as a rule, or that of the first row.
func (t *test) firstCSV() (first *flow) {
	for _, f := range t.flows {
		switch f.key.class {
		case classToServer, classFromServer:
			if first == nil || f.key.port == defaultPort2 && first.key.port != defaultPort2 {
				first = f
			}
		}
	}
	return first
}

// bareCSV reports whether a server prints the connections that it accepted without addresses, so that those with
// addresses are its own, of -d and -r.
func (t *test) bareCSV() bool { return t.rep.Side == ServerSide && t.has(classOnly) }

// forwardCSV reports whether a flow of CSV goes to the server.
func (t *test) forwardCSV(f *flow) bool {
	first := t.firstCSV()
	switch {
	case t.csv.counted && f.key.class == classFromServer && f.key.port == first.key.port:
		return false // since 2.1: the sender's address, then the receiver's, at both ends
	case !t.csv.counted && t.bareCSV():
		return false
	}
	return f.key.port == 0 || f.key.port == first.key.port
}

// doubtfulCSV reports whether the only flow, to the server, may be what its server prints: iperf 2.0.14 has the sender's
// address first, too. A client of TCP alone has the first number that the system hands out, 3.
func (t *test) doubtfulCSV(f *flow) bool {
	if t.rep.Side != 0 || len(t.flows) > 1 || f.key.class != classToServer {
		return false
	}
	for _, s := range f.streams {
		if s.key.id == 3 {
			return false
		}
	}
	return true
}

// dropLoss takes out of a sender's intervals what only a receiver can know: the columns are there all the same.
func (f *flow) dropLoss() {
	drop := func(intervals []Interval) {
		for i := range intervals {
			if u := intervals[i].UDP; u != nil {
				*u = UDP{Has: u.Has & (Packets | PacketRate), Packets: u.Packets, PacketRate: u.PacketRate}
			}
		}
	}
	drop(f.intervals)
	for _, s := range f.streams {
		drop(s.intervals)
	}
}

// csvCounted tells from the numbers of a flow whether its sender or its receiver counted.
func (t *test) csvCounted(f *flow) totalKind {
	if t.rep.Side != 0 {
		if (t.rep.Side == ClientSide) == t.forwardCSV(f) {
			return totalSent
		}
		return totalReceived
	}
	switch {
	case f.counts.sender:
		return totalSent
	case f.counts.receiver, t.rep.Protocol == ProtocolUDP:
		return totalReceived
	case f.blocks.broken > 0:
		return totalReceived
	case f.blocks.whole > 1 && f.blocks.other == 0:
		return totalSent
	}
	return totalUnlabelled
}
