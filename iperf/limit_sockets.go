package iperf

import (
	"math"
	"time"

	"github.com/tunaperf/tuna/internal/stats"
	"github.com/tunaperf/tuna/iperf/evidence"
)

func median(x []float64) float64 { return stats.Percentile(x, 50) }

// sockets reads the sender's sockets.
func (s *signals) sockets(r sampled) {
	if len(r.sockets) == 0 {
		return
	}
	count := len(r.sockets[0])
	for i := range count {
		s.socket(r, i)
	}
	var rates, steps []float64
	for i := 1; i < len(r.samples); i++ {
		var bytes int64
		for j := range count {
			bytes += r.sockets[i][j].BytesAcked - r.sockets[i-1][j].BytesAcked
		}
		if d := (r.samples[i].At - r.samples[i-1].At).Seconds(); d > 0 {
			rates, steps = append(rates, float64(bytes)/d), append(steps, d)
		}
	}
	if len(rates) >= 2+fewestSteps {
		// The first one of the test went with the first sample.
		if v := variationOf(rates[1:]); v.known {
			s.variation, s.step = v, exactly(median(steps))
		}
	}
	var sent, again int64
	for _, k := range r.sockets[len(r.sockets)-1] {
		sent, again = sent+k.BytesSent, again+k.BytesRetransmitted
	}
	if sent > 0 {
		s.retransmitted = exactly(float64(again) / float64(sent))
	}
}

// variationOf returns the standard deviation of the rates as a share of their mean. It is unknown
// if nothing moved.
func variationOf(rates []float64) signal {
	mean := stats.Mean(rates)
	if len(rates) == 0 || mean <= 0 {
		return signal{}
	}
	return exactly(stats.StdDev(rates) / mean)
}

// fewestSteps is how many steps a variation needs.
const fewestSteps = 5

// socket reads the sender's socket number i of each sample.
func (s *signals) socket(r sampled, i int) {
	var rtt, window, buffer, unsent, cwnd, offered []float64
	var apps, standing int
	least := time.Duration(0)
	exact := false
	for _, sockets := range r.sockets {
		k := sockets[i]
		if k.RTT > 0 {
			rtt = append(rtt, k.RTT.Seconds())
		}
		if k.MinRTT > 0 {
			if !exact || k.MinRTT < least {
				least, exact = k.MinRTT, true
			}
		}
		flight := float64(k.Unacked * k.MSS)
		if k.SendWindow > 0 && k.MSS > 0 {
			v := flight / float64(k.SendWindow)
			if flight > 0 && flight+float64(k.MSS) > float64(k.SendWindow) {
				v = math.Max(v, 1) // no other segment fits
			}
			window, offered = append(window, v), append(offered, float64(k.SendWindow))
		}
		if k.SendBuffer > 0 {
			buffer = append(buffer, float64(k.SendQ)/float64(k.SendBuffer))
		}
		if k.SendQ > 0 {
			unsent = append(unsent, math.Min(1, float64(k.NotSent)/float64(k.SendQ)))
			standing++
		}
		if k.CWND > 0 {
			cwnd = append(cwnd, float64(k.Unacked)/float64(k.CWND))
		}
		if k.AppLimited {
			apps++
		}
	}
	widen := func(to *signal, values []float64) {
		if len(values) > 0 {
			*to = to.with(median(values))
		}
	}
	widen(&s.window, window)
	widen(&s.buffer, buffer)
	widen(&s.unsent, unsent)
	widen(&s.cwnd, cwnd)
	samples := float64(len(r.sockets))
	s.appLimited, s.standing = s.appLimited.with(float64(apps)/samples), s.standing.with(float64(standing)/samples)
	if len(rtt) > 0 && exact {
		s.minRTT, s.queueing = s.minRTT.with(least.Seconds()), s.queueing.with(math.Max(0, median(rtt)-least.Seconds()))
	}
	first, last := r.sockets[0][i], r.sockets[len(r.sockets)-1][i]
	took := (r.samples[len(r.samples)-1].At - r.samples[0].At).Seconds()
	if acked := last.BytesAcked - first.BytesAcked; took > 0 && acked > 0 && len(rtt) > 0 && len(offered) > 0 {
		s.windowRate = s.windowRate.with(float64(acked) / took * median(rtt) / median(offered))
	}
	if took > 0 && last.Busy > 0 {
		s.busy = s.busy.with(math.Min(1, (last.Busy-first.Busy).Seconds()/took))
	}
	if last.Busy > 0 {
		s.rwndLimited = s.rwndLimited.with(last.RwndLimited.Seconds() / last.Busy.Seconds())
		s.sndbufLimited = s.sndbufLimited.with(last.SndbufLimited.Seconds() / last.Busy.Seconds())
	}
	if last.CWND > 0 {
		left := 1.0
		if last.SSThresh > 0 {
			left = 0
		}
		s.slowStart = s.slowStart.with(left)
	}
}

// unreadOf compares what the receiver has not read with the window that it offers.
func (s *signals) unreadOf(data, got sampled) {
	var unread, offered []float64
	for _, sockets := range got.sockets {
		for _, k := range sockets {
			unread = append(unread, float64(k.RecvQ))
		}
	}
	for _, sockets := range data.sockets {
		for _, k := range sockets {
			if k.SendWindow > 0 {
				offered = append(offered, float64(k.SendWindow))
			}
		}
	}
	if len(unread) > 0 && len(offered) > 0 {
		s.unread = exactly(median(unread) / median(offered))
	}
}

// leastRTT finds the least round trip in any socket of the test, if the sender's data have none:
// the receiver's and the control connection take the same path.
func (s *signals) leastRTT(ends ...*evidence.Path) {
	if s.minRTT.known {
		return
	}
	least := time.Duration(0)
	for _, p := range ends {
		if p == nil {
			continue
		}
		for _, sample := range p.Samples {
			for _, k := range sample.Sockets {
				if k.MinRTT > 0 && (least == 0 || k.MinRTT < least) {
					least = k.MinRTT
				}
			}
		}
	}
	if least > 0 {
		s.minRTT = exactly(least.Seconds())
	}
}
