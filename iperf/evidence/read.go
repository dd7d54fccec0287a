package evidence

import (
	"slices"
	"strings"
)

// Read makes a Path of what was printed. before is the output of [Around] before the program and
// then that of the command of [Before], during is that of the command of [During], and after is
// that of Around after the program. An output that is missing is empty, and one that was cut off is
// used up to its last whole line. Read returns nil if before shows nothing of the host.
func Read(before, during, after string) *Path {
	p, devices := readBefore(before)
	first, counted := readSnapshot(before)
	if !counted && len(devices) == 0 && p.Device == "" && p.System.isZero() {
		return nil
	}
	p.Samples = readSamples(during, first.uptime, first.links)
	last, ended := readSnapshot(after)
	if first.uptime != nil && last.uptime != nil && *last.uptime < *first.uptime {
		ended = false // the host was started again
	}
	compare := counted && ended
	if compare && first.uptime != nil && last.uptime != nil {
		p.Elapsed = *last.uptime - *first.uptime
	}
	if compare {
		for i := range p.Links {
			p.Links[i].Counters = grownLink(first, last, p.Links[i].Device)
		}
		p.Counters = grownKernel(first, last)
		p.Processors = grownCores(first.cores, last.cores)
		p.Throttling = grownQuota(first.groups, last.groups)
	}
	if d := devices[p.Queue]; d != nil {
		var now []qdisc
		for part := range sections(after) {
			if part.name == "qdisc" && part.arg == p.Queue && ended {
				now = readQdiscs(part.text)
			}
		}
		p.Qdiscs = grownQdiscs(d.qdiscs, now)
	}
	return p
}

// readBefore reads all but the counters, and returns the devices by their names.
func readBefore(output string) (*Path, map[string]*device) {
	p, devices, files, zone := &Path{}, map[string]*device{}, tables{}, ""
	get := func(name string) *device {
		if devices[name] == nil {
			devices[name] = &device{link: Link{Device: name}}
		}
		return devices[name]
	}
	wireless := map[string]*Wireless{}
	signal := ""
	for part := range sections(output) {
		switch part.name {
		case "system":
			p.System.read(part.text)
		case "peer":
			p.Peer, zone, _ = strings.Cut(part.arg, " ")
		case "route":
			p.readRoute(part.text)
		case "table":
			files[part.arg] = part.text
		case "signal":
			signal = part.text
		}
		if part.arg == "" {
			continue
		}
		switch part.name {
		case "link":
			get(part.arg).readLink(part.text)
		case "details":
			get(part.arg).readDetails(part.text)
		case "qdisc":
			if d := get(part.arg); d.qdiscs == nil { // the first state counts
				d.qdiscs = readQdiscs(part.text)
			}
		case "offloads":
			get(part.arg).readOffloads(part.text)
		case "driver":
			get(part.arg).readDriver(part.text)
		case "iw":
			wireless[part.arg] = &Wireless{}
			wireless[part.arg].readIW(part.text)
		}
	}
	if p.Device == "" {
		files.find(p, zone)
	}
	if zone != "" && p.Peer != "" {
		p.Peer += "%" + zone
	}
	p.chain(devices)
	if d := devices[p.Device]; d != nil && d.wireless {
		w := wireless[p.Device]
		if w == nil {
			w = &Wireless{}
		}
		if w.readSignal(signal, p.Device); *w != (Wireless{}) {
			p.Wireless = w
		}
	}
	return p, devices
}

// chain sets Links to Device and the devices beneath it, and Queue.
func (p *Path) chain(devices map[string]*device) {
	if p.Device == "" {
		return
	}
	names := []string{p.Device}
	for i := 0; i < len(names); i++ {
		d := devices[names[i]]
		if d == nil {
			if i == 0 {
				p.Links = append(p.Links, Link{Device: p.Device})
			}
			continue
		}
		link := d.finish()
		p.Links = append(p.Links, link)
		for _, name := range link.Beneath {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	p.Queue = p.Device
	for name, seen := p.Device, []string{}; !slices.Contains(seen, name); {
		d := devices[name]
		if d == nil {
			return
		}
		if slices.ContainsFunc(d.qdiscs, func(q qdisc) bool { return q.id.Parent == "root" && q.id.Kind != "noqueue" }) {
			p.Queue = name
			return
		}
		if len(d.link.Beneath) != 1 {
			return
		}
		seen = append(seen, name)
		name = d.link.Beneath[0]
	}
}
