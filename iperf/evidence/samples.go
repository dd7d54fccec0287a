package evidence

import (
	"strings"
	"time"
)

// A sampler reads the samples of one test, of which the kernel's counts of threads and sockets are
// added up. A thread or socket that has ended keeps what it had, so that the sums never fall.
type sampler struct {
	links   map[string]LinkCounters // before the test
	threads map[string][2]time.Duration
	drops   map[string]int64

	samples []Sample
	cores   []Processor // of the sample before
	groups  []group
}

// readSamples reads the output of During's command. start is the uptime at the first counters, and
// links holds those of the devices.
func readSamples(output string, start *time.Duration, links map[string]LinkCounters) []Sample {
	s := sampler{links: links, threads: map[string][2]time.Duration{}, drops: map[string]int64{}}
	first := true
	for part := range sections(output) {
		if part.name == "sample" {
			at, ok := span(part.arg, time.Second)
			if first && start == nil {
				start = &at
			}
			first = false
			if !ok || at < *start {
				return s.samples
			}
			s.samples = append(s.samples, Sample{At: at - *start})
		}
		if len(s.samples) == 0 {
			continue
		}
		sample := &s.samples[len(s.samples)-1]
		switch part.name {
		case "sockets":
			sample.Sockets = readSockets(part.text)
		case "qdisc":
			sample.Backlog, sample.Drops = held(readQdiscs(part.text))
		case "counters":
			s.readCounters(part.text)
		}
	}
	return s.samples
}

// readCounters reads the lines that grep found, each after the name of its file, or the output of
// cat without names.
func (s *sampler) readCounters(text string) {
	sample := &s.samples[len(s.samples)-1]
	var cores []Processor
	var groups []group
	scheduled, counted := false, false
	for line := range strings.Lines(text) {
		file := ""
		if strings.HasPrefix(line, "/") {
			file, line, _ = strings.Cut(line, ":")
		}
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case file == "/proc/net/dev":
			if name, now, ok := readLinkCounters(line); ok {
				if before, ok := s.links[name]; ok {
					sample.Link = now.since(before)
				}
			}
		case isCore(f[0]):
			if p, ok := readCore(f); ok {
				cores = append(cores, p)
			}
		case strings.HasSuffix(file, "/schedstat") && len(f) == 3:
			v, ok := numbers(f[:2])
			// A kernel without these statistics prints zeros.
			if !ok || f[0]+f[1]+f[2] == "000" {
				continue
			}
			scheduled = true
			old := s.threads[file]
			s.threads[file] = [2]time.Duration{max(old[0], time.Duration(v[0])), max(old[1], time.Duration(v[1]))}
		case strings.HasPrefix(file, "/proc/net/udp"):
			// Linux before 2.6.27 has no column of drops, which is the last one.
			if len(f) != 13 {
				continue
			}
			if n, ok := number(f[12]); ok {
				counted = true
				socket := file + " " + f[1] + " " + f[2] + " " + f[9]
				s.drops[socket] = max(s.drops[socket], n)
			}
		case len(f) == 2:
			groups = readQuota(groups, file, f[0], f[1])
		}
	}
	if s.cores != nil {
		sample.Processors = grownCores(s.cores, cores)
	}
	if s.groups != nil {
		sample.Throttling = grownQuota(s.groups, groups)
	}
	s.cores, s.groups = cores, groups
	if scheduled {
		var run, wait time.Duration
		for _, t := range s.threads {
			run += t[0]
			wait += t[1]
		}
		if run >= 0 && wait >= 0 {
			sample.Run, sample.Wait = &run, &wait
		}
	}
	if counted {
		var sum int64
		for _, n := range s.drops {
			sum += n
		}
		if sum >= 0 {
			sample.UDPDrops = &sum
		}
	}
}
