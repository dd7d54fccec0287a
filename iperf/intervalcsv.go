package iperf

import (
	"encoding/csv"
	"strconv"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// intervalColumns are the header of a file of intervals. Each name but those of flags and of way ends in its unit.
var intervalColumns = []string{
	"way", "start_s", "end_s", "transferred_bytes", "rate_bit_per_s", "omitted", "short",
	"retransmitted_segments", "congestion_window_bytes", "rtt_s", "rtt_variation_s",
	"jitter_s", "lost_datagrams", "datagrams", "out_of_order_datagrams",
}

// An intervalFile is the CSV of the intervals of one end. The zero value keeps nothing.
type intervalFile struct {
	rawFile
	rows *csv.Writer
	live string // the way of every interval, which is then written as it is read; empty: the report has to tell
}

// Which way the data of an interval went.
const (
	wayForward = "forward" // from iperf's client to its server
	wayReverse = "reverse" // from its server to its client
	wayMixed   = "mixed"   // both added together
)

// create makes the file, for a test with these settings.
func (f *intervalFile) create(s FileStorage, name string, c *ClientSettings) error {
	if err := f.rawFile.create(s, name); err != nil || f.file == nil {
		return err
	}
	switch {
	case c.Parallel > 1: // the sum of an interval may be printed after the interval was read
	case c.Reverse:
		f.live = wayReverse
	case !c.bothWays():
		f.live = wayForward
	}
	f.rows = csv.NewWriter(writerFunc(f.write))
	f.rows.Write(intervalColumns)
	f.rows.Flush() // writing cannot fail here: a rawFile keeps its error
	return nil
}

// interval writes one that was read just now.
func (f *intervalFile) interval(i report.Interval) {
	if f.live != "" {
		f.add(f.live, i)
	}
}

// finish writes the intervals that only the report has: of a test of both ways or of parallel streams.
func (f *intervalFile) finish(rep *report.Report) {
	if f.rows == nil || f.live != "" || rep == nil {
		return
	}
	for _, way := range []struct {
		name string
		flow *report.Flow
	}{{wayForward, rep.Forward}, {wayReverse, rep.Reverse}, {wayMixed, rep.Mixed}} {
		if way.flow == nil {
			continue
		}
		for _, i := range way.flow.Intervals {
			f.add(way.name, i)
		}
	}
}

func (f *intervalFile) add(way string, i report.Interval) {
	var tcp report.TCP
	if i.TCP != nil {
		tcp = *i.TCP
	}
	var udp report.UDP
	if i.UDP != nil {
		udp = *i.UDP
	}
	f.rows.Write([]string{
		way, inSeconds(i.Start), inSeconds(i.End), strconv.FormatInt(i.Bytes, 10),
		strconv.FormatFloat(float64(i.Rate), 'f', -1, 64), strconv.FormatBool(i.Omitted), strconv.FormatBool(i.Short),
		reported(tcp.Has.Has(report.Retransmits), tcp.Retransmits),
		reported(tcp.Has.Has(report.CongestionWindow), tcp.CongestionWindow),
		reported(tcp.Has.Has(report.RTT), tcp.RTT),
		reported(tcp.Has.Has(report.RTTVar), tcp.RTTVar),
		reported(udp.Has.Has(report.Jitter), udp.Jitter),
		reported(udp.Has.Has(report.Lost), udp.Lost),
		reported(udp.Has.Has(report.Packets), udp.Packets),
		reported(udp.Has.Has(report.OutOfOrder), udp.OutOfOrder),
	})
	f.rows.Flush()
}

// reported prints a number, or nothing for one that was not reported.
func reported[N int64 | time.Duration](has bool, n N) string {
	if !has {
		return ""
	}
	if d, ok := any(n).(time.Duration); ok {
		return inSeconds(d)
	}
	return strconv.FormatInt(int64(n), 10)
}

func inSeconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
