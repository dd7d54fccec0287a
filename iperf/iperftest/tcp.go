package iperftest

import (
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/report"
)

// TCP makes up what the two ends of an iperf 3.12 print of a TCP test over one stream, with one interval a second, of
// which the server receives the given rates. Rates are printed in whole kbit/s, as package iperf asks for. The client
// counts 128 KiB more in the first second, which its socket buffer holds.
func TCP(rates ...report.BitRate) Test {
	const dashes = "-----------------------------------------------------------\n"
	const buffered = 128 << 10
	const summary = "- - - - - - - - - - - - - - - - - - - - - - - - -\n"
	var client, server strings.Builder
	client.WriteString("Connecting to host 192.0.2.2, port 5201\n" +
		"[  5] local 192.0.2.1 port 40002 connected to 192.0.2.2 port 5201\n" +
		"[ ID] Interval           Transfer     Bitrate         Retr  Cwnd\n")
	server.WriteString(dashes + "Server listening on 5201 (test #1)\n" + dashes +
		"Accepted connection from 192.0.2.1, port 40000\n" +
		"[  5] local 192.0.2.2 port 5201 connected to 192.0.2.1 port 40002\n" +
		"[ ID] Interval           Transfer     Bitrate\n")
	var received float64 // bytes
	for i, r := range rates {
		n := float64(r) / 8
		received += n
		sent := n
		if i == 0 {
			sent += buffered
		}
		fmt.Fprintf(&client, "%s    0    256 KBytes       \n", row(i, i+1, sent))
		fmt.Fprintf(&server, "%s                  \n", row(i, i+1, n))
	}
	total := len(rates)
	fmt.Fprintf(&client, summary+"[ ID] Interval           Transfer     Bitrate         Retr\n"+
		"%s    0             sender\n%s                  receiver\n\niperf Done.\n",
		row(0, total, received+buffered), row(0, total, received))
	fmt.Fprintf(&server, summary+"[ ID] Interval           Transfer     Bitrate\n"+
		"%s                  receiver\n", row(0, total, received))
	return Test{Client: client.String(), Server: server.String()}
}

// row is the beginning of a row, from its stream's number to its rate.
func row(from, to int, bytes float64) string {
	kbits := bytes * 8 / 1000 / float64(max(to-from, 1))
	units, u := []string{"Bytes", "KBytes", "MBytes", "GBytes", "TBytes"}, 0
	for bytes >= 1024 && u < len(units)-1 {
		bytes /= 1024
		u++
	}
	return fmt.Sprintf("[  5] %6.2f-%-6.2f sec  %s %s  %s Kbits/sec", float64(from), float64(to), digits(bytes), units[u], digits(kbits))
}

// digits prints a number with three digits, or all of those before the point.
func digits(f float64) string {
	switch {
	case f < 9.995:
		return fmt.Sprintf("%4.2f", f)
	case f < 99.95:
		return fmt.Sprintf("%4.1f", f)
	}
	return fmt.Sprintf("%4.0f", f)
}
