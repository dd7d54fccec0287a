package testbed

import (
	"slices"
	"time"
)

// Ways are the round-trip times over which a benchmark tells how many round trips something takes.
var Ways = []time.Duration{0, 20 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond}

// Median returns the median of d, which it sorts.
func Median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// Slope returns how much y grows by with x, by least squares: the round trips of what takes y over ways of x.
func Slope(x, y []time.Duration) float64 {
	var meanX, meanY, xy, xx float64
	for i := range y {
		meanX += float64(x[i]) / float64(len(y))
		meanY += float64(y[i]) / float64(len(y))
	}
	for i := range y {
		xy += (float64(x[i]) - meanX) * (float64(y[i]) - meanY)
		xx += (float64(x[i]) - meanX) * (float64(x[i]) - meanX)
	}
	return xy / xx
}
