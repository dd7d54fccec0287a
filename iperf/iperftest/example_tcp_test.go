package iperftest_test

import (
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/iperftest"
)

func ExampleTCP() {
	test := iperftest.TCP(95.6e6, 95.4e6)
	for line := range strings.Lines(test.Server) {
		fmt.Println(strings.TrimRight(line, " \n"))
	}
	// Output:
	// -----------------------------------------------------------
	// Server listening on 5201 (test #1)
	// -----------------------------------------------------------
	// Accepted connection from 192.0.2.1, port 40000
	// [  5] local 192.0.2.2 port 5201 connected to 192.0.2.1 port 40002
	// [ ID] Interval           Transfer     Bitrate
	// [  5]   0.00-1.00   sec  11.4 MBytes  95600 Kbits/sec
	// [  5]   1.00-2.00   sec  11.4 MBytes  95400 Kbits/sec
	// - - - - - - - - - - - - - - - - - - - - - - - - -
	// [ ID] Interval           Transfer     Bitrate
	// [  5]   0.00-2.00   sec  22.8 MBytes  95500 Kbits/sec                  receiver
}
