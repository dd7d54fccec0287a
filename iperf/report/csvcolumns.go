package report

import "bytes"

// A csvColumn is one of the named columns that iperf 2 prints with -e since 2.2.
type csvColumn uint8

const (
	columnOther csvColumn = iota
	columnWrites
	columnWriteErrors
	columnReads
	columnRetries
	columnWindow
	columnRTT
	columnRTTVar
	columnJitter
	columnLost
	columnPackets
	columnOutOfOrder
	columnPacketRate
	columnMean
	columnMin
	columnMax
	columnStdDev
	columnRoundTrips
)

var csvColumns = map[string]csvColumn{
	"writecnt": columnWrites, "writeerr": columnWriteErrors, "readcnt": columnReads,
	"tcpretry": columnRetries, "tcpcwnd": columnWindow, "tcprtt": columnRTT, "tcprttvar": columnRTTVar,
	"jitter": columnJitter, "errors": columnLost, "datagrams": columnPackets, "outoforder": columnOutOfOrder, "pps": columnPacketRate,
	"ttavg": columnMean, "ttmin": columnMin, "ttmax": columnMax, "ttsdev": columnStdDev,
	"bbcnt": columnRoundTrips, "bbavg": columnMean, "bbmin": columnMin, "bbmax": columnMax, "bbstdev": columnStdDev,
}

// readCSVHeader takes a line of column names. It is false when b is none.
func (r *reader) readCSVHeader(b []byte) bool {
	if !hasPrefix(b, "time,srcaddress,srcport,") {
		return false
	}
	var columns []csvColumn
	for name := range bytes.SplitSeq(bytes.TrimRight(b, " \t"), []byte(",")) {
		if len(columns) == maxFields {
			return false
		}
		columns = append(columns, csvColumns[string(name)])
	}
	t := r.beginCSV()
	t.lines++
	t.rep.Program, t.async = programIperf2, true
	if t.csv.headers == nil {
		t.csv.headers = make(map[int][]csvColumn)
	}
	// Sums and streams can have headers of their own. Those of one length replace each other.
	t.csv.headers[len(columns)] = columns
	return true
}

// parseNamed reads the columns that a header named. Where iperf has no number, it prints a negative one.
func (r *row) parseNamed(f *csvFields, columns []csvColumn, cut bool) {
	var delay LatencyStats
	for i, name := range columns {
		if name == columnOther || cut && i == len(columns)-1 {
			continue
		}
		n, ok := f.number(i)
		if !ok || n.mant < 0 {
			if name == columnLost || name == columnPackets {
				r.udp.Has &^= Lost | Packets
				columns = columns[:i]
			}
			continue
		}
		switch name {
		case columnWrites:
			r.enh.Has |= Writes
			r.enh.Writes = n.mant
			r.by = 's'
		case columnWriteErrors:
			r.enh.WriteErrors = n.mant
		case columnReads:
			r.enh.Has |= Reads
			r.enh.Reads = n.mant
			r.by = 'r'
		case columnRetries:
			r.tcp.Has |= Retransmits
			r.tcp.Retransmits = n.mant
			r.by = 's'
		case columnWindow:
			if n.mant > 0 {
				r.tcp.Has |= CongestionWindow
				r.tcp.CongestionWindow = n.bytes(10)
			}
		case columnRTT:
			if n.mant > 0 {
				r.tcp.Has |= RTT
				r.tcp.RTT, _ = n.duration(ofMicro)
			}
		case columnRTTVar:
			if r.tcp.Has.Has(RTT) {
				r.tcp.Has |= RTTVar
				r.tcp.RTTVar, _ = n.duration(ofMicro)
			}
		case columnJitter:
			r.hasBare = true
			r.udp.Has |= Jitter
			r.udp.Jitter, _ = n.duration(ofMilli)
		case columnLost:
			r.udp.Has |= Lost
			r.udp.Lost = n.mant
		case columnPackets:
			r.udp.Has |= Packets
			r.udp.Packets = n.mant
		case columnOutOfOrder:
			r.udp.Has |= OutOfOrder
			r.udp.OutOfOrder = n.mant
		case columnPacketRate:
			r.udp.Has |= PacketRate
			r.udp.PacketRate = n.float(0)
		case columnMean:
			r.enh.Has |= Latency
			delay.Mean, _ = n.duration(ofMilli)
		case columnMin:
			delay.Min, _ = n.duration(ofMilli)
		case columnMax:
			delay.Max, _ = n.duration(ofMilli)
		case columnStdDev:
			delay.StdDev, _ = n.duration(ofMilli)
		case columnRoundTrips:
			r.enh.Has |= RoundTrips
			r.enh.RoundTrips = n.mant
			r.by = 's'
		}
	}
	if r.by == 's' {
		// A sender has no loss and no jitter, whatever it prints in their columns.
		r.udp.Has &= PacketRate
	}
	if r.enh.Has.Has(Latency) {
		r.enh.Latency = delay
	}
}
