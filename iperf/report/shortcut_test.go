package report

import "testing"

// FuzzRowAgain reads a line after another one: what a row keeps of the line before must not show.
func FuzzRowAgain(f *testing.F) {
	lines := []string{
		"[  5]   0.00-1.00   sec   128 KBytes  1.05 Mbits/sec    0    944 KBytes",
		"[  7]   0.00-1.00   secs  1.05 GBytes  9.02 Gbits/sec  0.017 ms  0/6 (0%)",
		"[  1] 0.0000-1.0000 sec  5.74 KBytes   470 Kbits/sec   5.337 ms 0/1 (0%) 19.8/3.2/85.6/36.7 ms 49 pps 4/1(2) pkts 2.95",
		"[ *1] 1.0000-2.0000 sec  24.0 KBytes  9.83 Mbits/sec  3/0          0     1151K/623(1086) us  1972",
		"[SUM] 0.00-1.00 sec  1.2 MBytes  8=4:3:1:0:0:0:0:0",
		"[  3] 0.0-1.0 sec  53 datagrams received out-of-order",
		"[  3] Sent 893 datagrams",
	}
	for i, line := range lines {
		f.Add([]byte(lines[(i+1)%len(lines)]), []byte(line))
		f.Add([]byte(line), []byte(line))
	}
	f.Fuzz(func(t *testing.T, before, line []byte) {
		var fresh, again row
		want := fresh.parse(line, false)
		again.parse(before, false)
		got := again.parse(line, false)
		if want == rowNone && got == rowNone {
			return
		}
		fresh.last, again.last, fresh.parts, again.parts = interval{}, interval{}, parts{}, parts{}
		if got != want || fresh != again {
			t.Fatalf("after %q\n%q is %d %+v\nalone it is %d %+v", before, line, got, again, want, fresh)
		}
	})
}
