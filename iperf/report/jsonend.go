package report

import "strings"

// end reads the totals.
func (d *document) end() {
	if !d.Open('{') {
		return
	}
	seen := make(map[string]bool)
	for d.More('}') {
		key := string(d.Key())
		kind, isSum := totalUnlabelled, true
		switch {
		case strings.HasPrefix(key, "sum_sent"):
			kind = totalSent
		case strings.HasPrefix(key, "sum_received"):
			kind = totalReceived
		case key == "sum", key == "sum_bidir_reverse":
		default:
			isSum = false
		}
		if isSum {
			if d.readCell() {
				// Before 3.11 a second object with the same key is of the reverse direction.
				d.cell.reverse = seen[key] || strings.HasSuffix(key, "_bidir_reverse")
				seen[key] = true
				t, c := d.test(), d.cell
				t.atStart(func() { t.takeTotal(kind, &c) })
			}
			continue
		}
		switch key {
		case "streams":
			if d.Open('[') {
				for d.More(']') {
					d.endStream()
				}
			}
		case "cpu_utilization_percent":
			d.cpu()
		case "sender_tcp_congestion":
			d.test().rep.Settings.Congestion = string(d.Text())
		default:
			d.Skip()
		}
	}
}

func (d *document) endStream() {
	if !d.Open('{') {
		return
	}
	for d.More('}') {
		kind := totalUnlabelled
		switch string(d.Key()) {
		case "sender":
			kind = totalSent
		case "receiver":
			kind = totalReceived
		case "udp":
		default:
			d.Skip()
			continue
		}
		if d.readCell() {
			t, c := d.test(), d.cell
			t.atStart(func() { t.takeStreamTotal(kind, &c) })
		}
	}
}

func (d *document) cpu() {
	if !d.Open('{') {
		return
	}
	var local, remote CPUUse
	for d.More('}') {
		var to *float64
		switch string(d.Key()) {
		case "host_total":
			to = &local.Total
		case "host_user":
			to = &local.User
		case "host_system":
			to = &local.System
		case "remote_total":
			to = &remote.Total
		case "remote_user":
			to = &remote.User
		case "remote_system":
			to = &remote.System
		default:
			d.Skip()
			continue
		}
		*to, _ = d.Float()
	}
	if d.Cut {
		return
	}
	cpu := &CPU{Local: &local}
	if remote != (CPUUse{}) {
		cpu.Remote = &remote
	}
	d.test().rep.CPU = cpu
}
