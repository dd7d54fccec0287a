package testbed

import "testing"

// Repeat lets once fail some times of many: while others have the processor, a link is slower than its rate, and any end
// of a test may lose datagrams or the connection.
func Repeat(tb testing.TB, times int, once func() error) {
	tb.Helper()
	var err error
	for range times {
		if err = once(); err == nil {
			return
		}
		tb.Log(err)
	}
	tb.Error("the last time, too:", err)
}
