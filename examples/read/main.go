// Read prints a table of what iperf said, of any version and in any format:
//
//	iperf3 -c 192.0.2.1 | go run ./read
//	go run ./read server.json
//
// Intervals appear as they happen; the totals follow when each test is over.
package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "read:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) > 1 {
		return fmt.Errorf("usage: read [file]")
	}
	if len(args) == 1 && args[0] != "-" {
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	fmt.Fprintf(out, "%15s  %12s\n", "interval", "rate")
	rep, err := new(report.Parser).Parse(in, func(i report.Interval) {
		note := ""
		if i.Reverse {
			note = "  reverse"
		}
		if i.Omitted {
			note += "  omitted"
		}
		fmt.Fprintf(out, "%15s  %12v%s\n", span(i.Start, i.End), i.Rate, note)
	})
	fmt.Fprintln(out)
	totals(out, rep)
	for _, w := range rep.Warnings {
		fmt.Fprintln(out, "warning:", w)
	}
	return err
}

// totals prints who counted what, in each direction. What was not reported has no row.
func totals(out io.Writer, rep *report.Report) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "total\tinterval\tbytes\trate\tretransmits\tjitter\tlost\t")
	flow := func(name string, f *report.Flow) {
		if f == nil {
			return
		}
		row(table, name+" sent", f.Sent)
		row(table, name+" received", f.Received)
		row(table, name+" (unlabelled)", f.Unlabelled)
	}
	flow("forward", rep.Forward)
	flow("reverse", rep.Reverse)
	flow("both ways", rep.Mixed)
	table.Flush()
}

func row(out io.Writer, name string, t *report.Total) {
	if t == nil {
		return
	}
	var retransmits, jitter, lost string
	if tcp := t.TCP; tcp != nil && tcp.Has.Has(report.Retransmits) {
		retransmits = fmt.Sprint(tcp.Retransmits)
	}
	if udp := t.UDP; udp != nil {
		if udp.Has.Has(report.Jitter) {
			jitter = udp.Jitter.String()
		}
		if udp.Has.Has(report.Lost | report.Packets) {
			lost = fmt.Sprintf("%d/%d", udp.Lost, udp.Packets)
		}
	}
	fmt.Fprintf(out, "%s\t%s\t%d\t%v\t%s\t%s\t%s\t\n", name, span(t.Start, t.End), t.Bytes, t.Rate, retransmits, jitter, lost)
}

func span(start, end time.Duration) string {
	return fmt.Sprintf("%.2f-%.2f s", start.Seconds(), end.Seconds())
}
