package report

import (
	"bytes"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// readStarting reads "TCP, 1 streams, 131072 byte blocks, omitting 0 seconds, 2 second test, tos
// 0".
func readStarting(rep *Report, b []byte) {
	name, _, _ := bytes.Cut(b, []byte(","))
	if p := protocolOf(name); p != 0 {
		rep.Protocol = p
	}
	s := &rep.Settings
	for part := range bytes.SplitSeq(b, []byte(", ")) {
		n, l := scan.Int(part)
		switch string(part[l:]) {
		case " streams":
			s.Streams = int(n)
		case " byte blocks":
			s.Length = n
		case " second test":
			s.Duration = time.Duration(min(n, maxSeconds)) * time.Second
		case " bytes to send":
			s.Bytes = n
		case " blocks to send":
			s.Blocks = n
		}
		if scan.HasPrefix(part, "omitting ") {
			s.Omit = time.Duration(min(intAfter(part, "omitting "), maxSeconds)) * time.Second
		} else if scan.HasPrefix(part, "tos ") {
			s.TOS = intAfter(part, "tos ")
		}
	}
}

// protocolOf returns the protocol of that name, 0 if it is unknown.
func protocolOf(name []byte) Protocol {
	switch string(name) {
	case "TCP":
		return ProtocolTCP
	case "UDP":
		return ProtocolUDP
	case "SCTP":
		return ProtocolSCTP
	}
	return 0
}

// maxSeconds is what a Duration has room for.
const maxSeconds = 9e9

// readCPU reads "local/sender 76.1% (1.4%u/74.7%s), remote/receiver 51.8% (1.7%u/50.2%s)".
func readCPU(b []byte) *CPU {
	cpu := &CPU{}
	for part := range bytes.SplitSeq(b, []byte(", ")) {
		var use CPUUse
		i := bytes.IndexByte(part, ' ')
		if i < 0 {
			continue
		}
		rest := part[i+1:]
		ok := true
		for _, f := range []struct {
			to    *float64
			after string
		}{{&use.Total, "% ("}, {&use.User, "%u/"}, {&use.System, "%s)"}} {
			n, l := scan.Number(rest)
			if l == 0 || !scan.HasPrefix(rest[l:], f.after) {
				ok = false
				break
			}
			*f.to = n.Float(0)
			rest = rest[l+len(f.after):]
		}
		switch {
		case !ok:
		case scan.HasPrefix(part, "local/"):
			cpu.Local = &use
		case scan.HasPrefix(part, "remote/") && use != CPUUse{}:
			cpu.Remote = &use
		}
	}
	if cpu.Local == nil && cpu.Remote == nil {
		return nil
	}
	return cpu
}

// iperfTime is how both programs print a time.
const iperfTime = "Mon, 02 Jan 2006 15:04:05 MST"

func parseTime(b []byte) time.Time { return parseZoned(iperfTime, b) }
