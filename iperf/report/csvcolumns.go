package report

import (
	"bytes"
	"strings"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// A csvColumn is one of the columns that iperf 2 prints with -e since 2.1.9, and names since 2.2.
type csvColumn struct {
	at    int // its index
	holds csvValue
}

// A csvValue is what a column holds.
type csvValue uint8

const (
	columnOther csvValue = iota
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
	columnCalls // reads of a receiver, or writes of a sender
)

var csvValues = map[string]csvValue{
	"writecnt": columnWrites, "writeerr": columnWriteErrors, "readcnt": columnReads,
	"tcpretry": columnRetries, "tcpcwnd": columnWindow, "tcprtt": columnRTT, "tcprttvar": columnRTTVar,
	"jitter": columnJitter, "errors": columnLost, "datagrams": columnPackets, "outoforder": columnOutOfOrder, "pps": columnPacketRate,
	"ttavg": columnMean, "ttmin": columnMin, "ttmax": columnMax, "ttsdev": columnStdDev,
	"calls": columnCalls, "bbcnt": columnRoundTrips, "bbavg": columnMean, "bbmin": columnMin, "bbmax": columnMax, "bbstdev": columnStdDev,
}

// csvHeader is how the line of column names begins.
const csvHeader = "time,srcaddress,srcport,"

// readCSVHeader recognises a line of column names. It returns false if b is none.
func (r *reader) readCSVHeader(b []byte) bool {
	if !scan.HasPrefix(b, csvHeader) {
		return false
	}
	if _, next := nextCSV(b, 0); next < len(b) {
		return r.readRows(b, false)
	}
	names := strings.Split(string(bytes.TrimRight(b, " \t")), ",")
	if len(names) > maxFields {
		return false
	}
	r.tests.takeCSVHeader(len(names), csvNames(names))
	return true
}

// csvNames returns the columns of a header that are of use. It is not nil.
func csvNames(names []string) []csvColumn {
	columns := []csvColumn{}
	for at, name := range names {
		if v := csvValues[name]; v != columnOther {
			columns = append(columns, csvColumn{at, v})
		}
	}
	return columns
}

// unnamedColumns are those that a header would name, with - for one that is of no use.
func unnamedColumns(names string) []csvColumn { return csvNames(strings.Fields(names)) }

// The columns after the rate, of the rows that have no header. Up to 2.2.0 both ends of UDP have
// the same ones.
var (
	columnsUDPCalls    = unnamedColumns("jitter errors datagrams - outoforder writecnt writeerr pps")
	columnsUDP221      = unnamedColumns("jitter errors datagrams - outoforder calls writeerr - pps")
	columnsUDPTripTime = unnamedColumns("jitter errors datagrams - outoforder ttavg ttmin ttmax ttsdev - - readcnt - - pps")
	columnsUDPFrames   = unnamedColumns("jitter errors datagrams - outoforder ttavg ttmin ttmax ttsdev - - - - readcnt - - pps")
	columnsTCPWrites   = unnamedColumns("writecnt writeerr tcpretry tcpcwnd tcprtt tcprttvar")
	columnsTCPWrites22 = unnamedColumns("writecnt writeerr tcpretry tcpcwnd - tcprtt tcprttvar")
	columnsTCPReads    = unnamedColumns("readcnt - - - - - - - -")
	columnsTCPTripTime = unnamedColumns("ttavg ttmin ttmax ttsdev - - readcnt - - - - - - - -")
	columnsBounce220   = unnamedColumns("bbcnt bbavg bbmin bbmax bbstdev tcpretry tcpcwnd tcprtt -")
	columnsBounce      = unnamedColumns("bbcnt bbavg bbmin bbmax bbstdev tcpretry tcpcwnd - tcprtt tcprttvar - - -")
)

// csvPrefix is how many columns stand before these since 2.2: iperf 2.1.9 has one less.
const csvPrefix = 10

// countUDP221 is how many columns columnsUDP221 is of.
const countUDP221 = 9

// unnamed returns the columns from the index on, if the row is of a form that iperf prints with -e.
// Their count and the digits of the first two tell it. It is nil of any other.
func (f *csvFields) unnamed(from int) []csvColumn {
	if f.n < from+6 {
		return nil
	}
	first, ok := f.number(from)
	second, ok2 := f.number(from + 1)
	isUDP := ok2 && second.Frac == 0 && (first.Frac == 3 || bytes.HasSuffix(f.at(from), []byte("nan")))
	if !isUDP && (!ok || !ok2) {
		return nil
	}
	switch n := f.n - from; {
	case isUDP && n == 8:
		return columnsUDPCalls
	case isUDP && n == countUDP221:
		return columnsUDP221
	case isUDP && n == 15:
		return columnsUDPTripTime
	case isUDP && n == 17:
		return columnsUDPFrames
	case first.Frac == 3 && second.Frac == 3 && n == 15:
		return columnsTCPTripTime
	case first.Frac != 0:
		return nil
	case second.Frac == 3 && n == 9:
		return columnsBounce220
	case second.Frac == 3 && n == 13:
		return columnsBounce
	case second.Frac != 0:
		return nil
	case n == 6:
		return columnsTCPWrites
	case n == 7:
		return columnsTCPWrites22
	case n == 9:
		return columnsTCPReads
	}
	return nil
}

// callsColumn returns what the calls of a row of UDP are, whose columns are the same at both ends: a
// sender has no jitter, which it says in its total. A row that does not tell has reads; its flow may
// tell later.
func (r *row) callsColumn(f *csvFields, jitter int) csvValue {
	switch n, ok := f.number(jitter); {
	case r.kind == labelSum:
		return columnOther
	case !ok || n.Mant < 0:
		return columnWrites
	case n.Mant > 0 || r.udp.Lost > 0 || r.udp.OutOfOrder > 0:
		r.by = 'r'
	}
	r.either = true
	return columnReads
}

// parseNamed reads columns from the index on. iperf prints a negative number if it has none.
func (r *row) parseNamed(f *csvFields, from int, columns []csvColumn, cut bool) {
	var delay LatencyStats
	jitter := 0
	for _, column := range columns {
		at, holds := from+column.at, column.holds
		switch holds {
		case columnJitter:
			r.hasBare, jitter = true, at // whatever is in it
		case columnCalls:
			holds = r.callsColumn(f, jitter)
		}
		if holds == columnOther || cut && at == f.n-1 {
			continue
		}
		n, ok := f.number(at)
		if !ok || n.Mant < 0 {
			isNone := ok && n.Float(0) == -1
			switch holds {
			case columnLost, columnPackets:
				r.udp.Has &^= Lost | Packets
				if !isNone {
					r.dropped |= nonsenseLost
				}
			case columnJitter:
				if !isNone {
					r.dropped |= nonsenseJitter
				}
			}
			continue
		}
		switch holds {
		case columnWrites:
			if n.Mant == 0 && r.hasBare {
				if r.bytes > 0 {
					r.by = 'r' // of a receiver, whose columns are the same
				}
				continue
			}
			r.enh.Has |= Writes
			r.enh.Writes = n.Mant
			r.by = 's'
		case columnWriteErrors:
			if r.enh.Has.Has(Writes) {
				r.enh.WriteErrors = n.Mant
			}
		case columnReads:
			r.enh.Has |= Reads
			if r.enh.Reads = n.Mant; !r.either {
				r.by = 'r'
			}
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
			if r.tcp.Has.Has(RTT) && (n.Mant > 0 || r.tcp.Has.Has(CongestionWindow)) {
				r.tcp.Has |= RTTVar
				r.tcp.RTTVar, _ = n.Duration(scan.Microseconds)
			}
		case columnJitter:
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
