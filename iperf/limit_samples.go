package iperf

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/evidence"
)

// A sampled is the part of an end's samples in which the data of the test moved.
type sampled struct {
	samples []evidence.Sample
	sockets [][]evidence.Socket // of the data, by sample; nil: unknown
	steps   []step              // for processors
}

// A step is the time between two samples that follow each other.
type step struct {
	before, after evidence.Sample
}

// A socketKey tells the sockets of an end apart.
type socketKey struct{ local, peer int }

func keyOf(s evidence.Socket) socketKey { return socketKey{s.LocalPort, s.PeerPort} }

// samplesOf returns the samples of a test with n streams. If sockets are known, its samples are
// those in which the n sockets that moved most data exist, without the first, as long as two are
// left. The control connection is not among them.
func samplesOf(p *evidence.Path, n int, sends, udp bool) sampled {
	switch {
	case p == nil:
		return sampled{}
	case udp: // the only connection is the one for control
		return byProcess(p)
	}
	moved := func(s evidence.Socket) int64 {
		if sends {
			return max(s.BytesSent, s.BytesAcked)
		}
		return s.BytesReceived
	}
	most := map[socketKey]int64{}
	for _, sample := range p.Samples {
		for _, s := range sample.Sockets {
			k := keyOf(s)
			most[k] = max(most[k], moved(s))
		}
	}
	var keys []socketKey
	for k, bytes := range most {
		if bytes > openingBytes {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b socketKey) int {
		return cmp.Or(cmp.Compare(most[b], most[a]), cmp.Compare(a.local, b.local), cmp.Compare(a.peer, b.peer))
	})
	keys = keys[:min(n, len(keys))]
	if len(keys) == 0 || len(keys) < n {
		return byProcess(p)
	}
	var run sampled
	var last int64
	for i, sample := range p.Samples {
		found := make([]evidence.Socket, 0, n)
		var bytes int64
		for _, k := range keys {
			j := slices.IndexFunc(sample.Sockets, func(s evidence.Socket) bool { return keyOf(s) == k })
			if j >= 0 && moved(sample.Sockets[j]) > openingBytes {
				found = append(found, sample.Sockets[j])
				bytes += moved(sample.Sockets[j])
			}
		}
		waiting := slices.ContainsFunc(found, func(s evidence.Socket) bool { return s.SendQ > 0 || s.Unacked > 0 })
		over := sends && bytes == last && !waiting && !moreLater(p.Samples[i+1:], keys, moved, bytes)
		if len(found) < n || over {
			continue
		}
		last = bytes
		if len(run.samples) > 0 {
			run.steps = append(run.steps, step{run.samples[len(run.samples)-1], sample})
		}
		run.samples, run.sockets = append(run.samples, sample), append(run.sockets, found)
	}
	if len(run.samples) > 2 {
		run.samples, run.sockets, run.steps = run.samples[1:], run.sockets[1:], run.steps[1:]
	}
	return run
}

// openingBytes is more than what a stream carries before its data: iperf 3's cookie, iperf 2's
// header.
const openingBytes = 1000

func moreLater(samples []evidence.Sample, keys []socketKey, moved func(evidence.Socket) int64, than int64) bool {
	return slices.ContainsFunc(samples, func(sample evidence.Sample) bool {
		var bytes int64
		for _, s := range sample.Sockets {
			if slices.Contains(keys, keyOf(s)) {
				bytes += moved(s)
			}
		}
		return bytes > than
	})
}

// byProcess returns the samples in which the test's processes used time, if the sockets are not
// known.
func byProcess(p *evidence.Path) sampled {
	var run sampled
	for i := 1; i < len(p.Samples); i++ {
		a, b := p.Samples[i-1], p.Samples[i]
		waited := a.Wait != nil && b.Wait != nil && *b.Wait-*a.Wait > (b.At-a.At)/20
		if a.Run == nil || b.Run == nil || !waited && *b.Run-*a.Run < (b.At-a.At)/200 {
			continue
		}
		run.steps = append(run.steps, step{a, b})
		run.samples = append(run.samples, b)
	}
	if len(run.samples) > 3 { // those at the start and at the end are only partly of the test
		run.samples, run.steps = run.samples[1:len(run.samples)-1], run.steps[1:len(run.steps)-1]
	}
	if len(run.samples) == 0 {
		run.samples = p.Samples
	}
	return run
}

// processor returns the use of processors by an end's processes of so many threads.
func (r sampled) processor(p *evidence.Path, s *signals, threads int) processor {
	var u processor
	if p == nil {
		return u
	}
	var took, run, wait time.Duration
	var periods, throttled int64
	var held time.Duration
	var quota bool
	for _, step := range r.steps {
		a, b := step.before, step.after
		if a.Run != nil && b.Run != nil && a.Wait != nil && b.Wait != nil && b.At > a.At {
			took, run, wait = took+b.At-a.At, run+*b.Run-*a.Run, wait+*b.Wait-*a.Wait
		}
		if t := b.Throttling; t != nil {
			quota, periods, throttled, held = true, periods+t.Periods, throttled+t.Throttled, held+t.Time
		}
	}
	if took > 0 {
		// One thread of several may do all the work, or each an equal part.
		share := func(d time.Duration) signal {
			v := d.Seconds() / took.Seconds()
			return signal{v / float64(threads), v, true}
		}
		u.run, u.wait = share(run), share(wait)
	}
	if p.Throttling != nil {
		u.throttledEver = exactly(float64(p.Throttling.Throttled))
	}
	span := r.span()
	if !quota && p.Throttling != nil && s.duration.known {
		quota, periods, throttled, held = true, p.Throttling.Periods, p.Throttling.Throttled, p.Throttling.Time
		span = s.duration.low
	}
	if quota && periods > 0 {
		u.throttled = exactly(float64(throttled) / float64(periods))
		if span > 0 {
			u.throttledTime = exactly(held.Seconds() / span)
		}
	}
	u.core, u.kernel, u.number = r.busiest(p, s)
	return u
}

// span returns the seconds that the steps take.
func (r sampled) span() float64 {
	var d time.Duration
	for _, s := range r.steps {
		d += s.after.At - s.before.At
	}
	return d.Seconds()
}

// cores adds up the processors of the steps.
func (r sampled) cores() []evidence.Processor {
	var all []evidence.Processor
	for _, s := range r.steps {
		for _, p := range s.after.Processors {
			i := slices.IndexFunc(all, func(q evidence.Processor) bool { return q.Core == p.Core })
			if i < 0 {
				all = append(all, p)
				continue
			}
			q := &all[i]
			q.User, q.System, q.Idle = q.User+p.User, q.System+p.System, q.Idle+p.Idle
			q.SoftIRQ, q.IRQ, q.Steal = q.SoftIRQ+p.SoftIRQ, q.IRQ+p.IRQ, q.Steal+p.Steal
		}
	}
	return all
}

// busiest returns how busy the busiest core was, and what softirq and steal took of it. The
// counters over a longer time than the test show a core as less busy than it was, so they count
// only if it was busy nearly all the time.
func (r sampled) busiest(p *evidence.Path, s *signals) (core, kernel signal, number int) {
	cores := r.cores()
	whole := len(cores) == 0
	if whole {
		cores = p.Processors
	}
	if len(cores) == 0 {
		return
	}
	most := slices.MaxFunc(cores, func(a, b evidence.Processor) int { return cmp.Compare(a.Busy(), b.Busy()) })
	all := most.User + most.System + most.SoftIRQ + most.IRQ + most.Steal + most.Idle
	if all <= 0 || whole && most.Busy() < 0.9 && !(s.duration.known && p.Elapsed.Seconds() < 1.2*s.duration.low) {
		return
	}
	return exactly(most.Busy()), exactly(float64(most.SoftIRQ+most.Steal) / float64(all)), most.Core
}

// idle returns the mean share of time in which a core was idle.
func (r sampled) idle() signal {
	cores := r.cores()
	if len(cores) == 0 {
		return signal{}
	}
	busy := 0.0
	for _, c := range cores {
		busy += c.Busy()
	}
	return exactly(1 - busy/float64(len(cores)))
}

// ownQueue returns the share of samples with a backlog in the sender's device. A fair queue (fq)
// also holds packets that are paced, so its backlog says nothing about the link if senders pace.
func (r sampled) ownQueue(p *evidence.Path, paced bool) signal {
	if p == nil {
		return signal{}
	}
	var n, full float64
	for _, s := range r.samples {
		if s.Backlog != nil {
			n++
			if *s.Backlog > 0 {
				full++
			}
		}
	}
	kinds := func(kind string) bool {
		return slices.ContainsFunc(p.Qdiscs, func(q evidence.Qdisc) bool { return q.Kind == kind })
	}
	switch {
	case len(p.Qdiscs) == 1 && kinds("noqueue"):
		return exactly(0)
	case n < 3 || full > 0 && paced && kinds("fq"):
		return signal{}
	}
	return exactly(full / n)
}

// lineRate returns the rate on the wire as a share of the speed of the slower end's Ethernet
// device. Virtual devices state speeds that they do not keep to.
func lineRate(rate signal, ends ...*evidence.Path) signal {
	speed := math.Inf(1)
	for _, p := range ends {
		if p == nil {
			continue
		}
		var ethernet []evidence.Link
		for _, l := range p.Links {
			if l.Kind == "ethernet" && l.Speed > 0 && l.Driver != "" && !slices.Contains(virtualDrivers, l.Driver) {
				ethernet = append(ethernet, l)
			}
		}
		if len(ethernet) == 1 && ethernet[0].Duplex != "half" {
			speed = math.Min(speed, float64(ethernet[0].Speed))
		}
	}
	if math.IsInf(speed, 1) || !rate.known {
		return signal{}
	}
	// Of a frame's time 1448 bytes of 1538 are payload, counting preamble and gap.
	return rate.times(1538.0 / 1448 / speed)
}

var virtualDrivers = strings.Fields("virtio_net vmxnet3 xen_netfront hv_netvsc veth ena gve mana tun dummy")
