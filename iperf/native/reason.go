package native

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
)

// reason says what the system said, as the C library words it, without Go's list of calls and addresses.
func reason(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		s := errno.Error()
		return strings.ToUpper(s[:1]) + s[1:]
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		// Which server was asked is the machine's own business.
		if dns.IsNotFound {
			return "Name or service not known"
		}
		return "Temporary failure in name resolution"
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return "Address family for hostname not supported"
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return "Connection timed out"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		if op.Timeout() {
			return "Connection timed out"
		}
		return op.Err.Error()
	}
	return err.Error()
}

// clean makes a stranger's words fit for a line of output: printable ASCII, and not too long.
func clean(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

// cleanText is clean for several lines.
func cleanText(s string) string {
	return strings.Map(func(r rune) rune {
		if (r < ' ' || r == 0x7f) && r != '\n' && r != '\t' || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}
