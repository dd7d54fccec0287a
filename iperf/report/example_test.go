package report_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/report"
)

const exampleText = `Connecting to host 192.0.2.1, port 5201
[  5] local 192.0.2.2 port 35936 connected to 192.0.2.1 port 5201
[ ID] Interval           Transfer     Bitrate         Retr  Cwnd
[  5]   0.00-1.00   sec   112 MBytes   941 Mbits/sec    3   1023 KBytes
[  5]   1.00-2.00   sec   112 MBytes   939 Mbits/sec    0   1023 KBytes
- - - - - - - - - - - - - - - - - - - - - - - - -
[ ID] Interval           Transfer     Bitrate         Retr
[  5]   0.00-2.00   sec   224 MBytes   940 Mbits/sec    3             sender
[  5]   0.00-2.00   sec   223 MBytes   936 Mbits/sec                  receiver

iperf Done.
`

func ExampleParse() {
	rep, err := report.Parse(strings.NewReader(exampleText))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("received:", rep.Forward.Received.Rate)
	if tcp := rep.Forward.Sent.TCP; tcp != nil && tcp.Has.Has(report.Retransmits) {
		fmt.Println("retransmits:", tcp.Retransmits)
	}
	// Output:
	// received: 936 Mbit/s
	// retransmits: 3
}

func ExampleParser_Parse() {
	p := report.Parser{Discard: true} // only to follow
	_, err := p.Parse(strings.NewReader(exampleText), func(i report.Interval) {
		fmt.Println(i.Start, i.End, i.Rate)
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0s 1s 941 Mbit/s
	// 1s 2s 939 Mbit/s
}

func ExampleParseAll() {
	const server = `Server listening on TCP port 5001
[  4] local 192.0.2.1 port 5001 connected with 192.0.2.2 port 34600
[  4]  0.0- 2.0 sec   224 MBytes   940 Mbits/sec
[  4] local 192.0.2.1 port 5001 connected with 192.0.2.2 port 34602
[  4]  0.0- 2.0 sec   112 MBytes   470 Mbits/sec
`
	for rep, err := range report.ParseAll(strings.NewReader(server)) {
		fmt.Println(rep.Forward.Received.Rate, err)
	}
	// Output:
	// 940 Mbit/s <nil>
	// 470 Mbit/s <nil>
}

func ExampleClassifyError() {
	err := report.ClassifyError("iperf3: error - the server is busy running a test. try again later\n")
	fmt.Println(errors.Is(err, report.ErrServerBusy))
	fmt.Println(err)
	// Output:
	// true
	// server is busy: the server is busy running a test. try again later
}

func ExampleBitRate_String() {
	fmt.Println(95.6*report.MbitPerSecond, 2.5*report.GbitPerSecond)
	// Output: 95.6 Mbit/s 2.50 Gbit/s
}
