package native

import "time"

// cpuUse is processor time in percent of one processor. It is the whole process's: two tests in one process, or the two
// ends of one, each show what both use.
type cpuUse struct{ total, user, system float64 }

type cpuClock struct {
	start        time.Time
	user, system float64
}

func startCPU() cpuClock {
	u, s := usage()
	return cpuClock{time.Now(), u, s}
}

func (c cpuClock) use() cpuUse {
	u, s := usage()
	elapsed := time.Since(c.start).Seconds()
	if elapsed <= 0 {
		return cpuUse{}
	}
	r := cpuUse{user: 100 * (u - c.user) / elapsed, system: 100 * (s - c.system) / elapsed}
	r.total = r.user + r.system
	return r
}
