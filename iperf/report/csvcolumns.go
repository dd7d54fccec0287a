package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

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

// readCSVHeader recognises a line of column names. It returns false if b is none.
func (r *reader) readCSVHeader(b []byte) bool {
	if !scan.HasPrefix(b, "time,srcaddress,srcport,") {
		return false
	}
	var columns []csvColumn
	for name := range bytes.SplitSeq(bytes.TrimRight(b, " \t"), []byte(",")) {
		if len(columns) == maxFields {
			return false
		}
		columns = append(columns, csvColumns[string(name)])
	}
	r.tests.takeCSVHeader(columns)
	return true
}

// parseNamed reads the columns that a header named. Where iperf has no number, it prints a negative
// one.
func (r *row) parseNamed(f *csvFields, columns []csvColumn, cut bool) {
	var delay LatencyStats
	for i, name := range columns {
		if name == columnOther || cut && i == len(columns)-1 {
			continue
		}
		n, ok := f.number(i)
		if !ok || n.Mant < 0 {
			if name == columnLost || name == columnPackets {
				r.udp.Has &^= Lost | Packets
				columns = columns[:i]
			}
			continue
		}
		switch name {
		case columnWrites:
			r.enh.Has |= Writes
			r.enh.Writes = n.Mant
			r.by = 's'
		case columnWriteErrors:
			r.enh.WriteErrors = n.Mant
		case columnReads:
			r.enh.Has |= Reads
			r.enh.Reads = n.Mant
			r.by = 'r'
		case columnRetries:
			r.tcp.Has |= Retransmits
			r.tcp.Retransmits = n.Mant
			r.by = 's'
		case columnWindow:
			if n.Mant > 0 {
				r.tcp.Has |= CongestionWindow
				r.tcp.CongestionWindow = n.Bytes(10)
			}
		case columnRTT:
			if n.Mant > 0 {
				r.tcp.Has |= RTT
				r.tcp.RTT, _ = n.Duration(scan.Microseconds)
			}
		case columnRTTVar:
			if r.tcp.Has.Has(RTT) {
				r.tcp.Has |= RTTVar
				r.tcp.RTTVar, _ = n.Duration(scan.Microseconds)
			}
		case columnJitter:
			r.hasBare = true
			r.udp.Has |= Jitter
			r.udp.Jitter, _ = n.Duration(scan.Milliseconds)
		case columnLost:
			r.udp.Has |= Lost
			r.udp.Lost = n.Mant
		case columnPackets:
			r.udp.Has |= Packets
			r.udp.Packets = n.Mant
		case columnOutOfOrder:
			r.udp.Has |= OutOfOrder
			r.udp.OutOfOrder = n.Mant
		case columnPacketRate:
			r.udp.Has |= PacketRate
			r.udp.PacketRate = n.Float(0)
		case columnMean:
			r.enh.Has |= Latency
			delay.Mean, _ = n.Duration(scan.Milliseconds)
		case columnMin:
			delay.Min, _ = n.Duration(scan.Milliseconds)
		case columnMax:
			delay.Max, _ = n.Duration(scan.Milliseconds)
		case columnStdDev:
			delay.StdDev, _ = n.Duration(scan.Milliseconds)
		case columnRoundTrips:
			r.enh.Has |= RoundTrips
			r.enh.RoundTrips = n.Mant
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
