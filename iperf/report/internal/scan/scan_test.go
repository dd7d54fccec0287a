package scan

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestNumberShortcuts compares what is usual with what takes everything.
func TestNumberShortcuts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		b := make([]byte, r.IntN(22))
		for i := range b {
			b[i] = "01234567890123456789012345678901234567899999...-/ K"[r.IntN(51)]
		}
		n, length := Number(b)
		if length == 0 {
			continue
		}
		if want, l := longNumber(b); n != want || length != l {
			t.Fatalf("%q is %v of length %d, digit by digit %v of length %d", b, n, length, want, l)
		}
		if v, ok := n.Exact(); ok {
			if want, err := strconv.ParseFloat(string(b[:length]), 64); err != nil || v != want {
				t.Fatalf("%q is %v, want %v, %v", b[:length], v, want, err)
			}
		}
		for _, unit := range []int{Microseconds, Milliseconds, Seconds} {
			d, ok := n.Duration(unit)
			if want, wantOK := n.longDuration(unit); d != want || ok != wantOK {
				t.Fatalf("%q is %v, %v, in the long way %v, %v", b[:length], d, ok, want, wantOK)
			}
		}
		shift := 10 * r.IntN(7)
		if want := math.Round(math.Ldexp(n.Float(0), shift)); math.Abs(want) < math.MaxInt64 && bits.Len64(uint64(max(n.Mant, -n.Mant))) <= 53 {
			if got := n.Bytes(shift); math.Abs(float64(got)-want) > max(1, want/(1<<52)) { // what is wanted is rounded itself
				t.Fatalf("%q shifted by %d is %d, want %d", b[:length], shift, got, int64(want))
			}
		}
	}
}
