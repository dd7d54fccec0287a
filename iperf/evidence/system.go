package evidence

import (
	"path"
	"strings"
)

// read reads the kernel's settings.
func (s *System) read(text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if netns, ok := strings.CutPrefix(line, "net:["); ok {
			s.NetNS = strings.TrimSuffix(netns, "]")
			continue
		}
		file, value, _ := strings.Cut(line, ":")
		f := strings.Fields(value)
		if len(f) == 0 {
			continue
		}
		switch v, ok := numbers(f); path.Base(file) {
		case "boot_id":
			s.BootID = f[0]
		case "tcp_congestion_control":
			s.CongestionControl = f[0]
		case "tcp_rmem":
			if ok && len(v) == 3 {
				s.TCPRmem = v
			}
		case "tcp_wmem":
			if ok && len(v) == 3 {
				s.TCPWmem = v
			}
		case "rmem_max":
			if ok {
				s.RmemMax = &v[0]
			}
		case "wmem_max":
			if ok {
				s.WmemMax = &v[0]
			}
		}
	}
}

func (s *System) isZero() bool {
	return s.BootID == "" && s.NetNS == "" && s.CongestionControl == "" && s.TCPRmem == nil && s.TCPWmem == nil &&
		s.RmemMax == nil && s.WmemMax == nil
}
