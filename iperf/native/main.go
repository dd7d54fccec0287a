package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
)

// Main runs one command line, without the program's name, as the program iperf3 would, and returns its exit status: 0
// when all went well, 1 otherwise. It returns when the test, or with -s the server, is over. When ctx ends, that is as
// if the program was interrupted: the other end is told, what was measured is printed, and the status is 1. Main may be
// called from many goroutines; each call writes to its own stdout and stderr from one goroutine at a time.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return run(ctx, nil, args, stdout, stderr)
}

// run is Main with a server's list of addresses that restricts --allow.
func run(ctx context.Context, change func(*settings), args []string, stdout, stderr io.Writer) int {
	s, ask, err := parseFlags(args)
	if _, ok := errors.AsType[flagError](err); ok {
		fmt.Fprintf(stderr, "iperf3: %s\n%s", err, shortUsage)
		return 1
	}
	if err != nil {
		fmt.Fprintf(stderr, "iperf3: %s\n\n%s", errorText(&s, err), shortUsage)
		return 1
	}
	switch ask {
	case "version":
		fmt.Fprintf(stdout, "%s\n%s\nOptional features available: %s\n", versionLine(), systemInfo(), features())
		return 0
	case "help":
		io.WriteString(stdout, longUsage())
		return 0
	}
	if change != nil {
		change(&s)
	}
	if s.logfile != "" {
		f, err := os.OpenFile(s.logfile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			fmt.Fprintf(stderr, "iperf3: error - unable to open log file: %s\n", reason(err))
			return 1
		}
		defer f.Close()
		stdout, stderr = f, f
	}
	warn := func(what string) { fmt.Fprintf(stderr, "warning: %s\n", what) }
	if s.json && s.format != 'a' {
		warn("Report format (-f) flag ignored with JSON output (-J)")
	}
	if s.udp && s.zeroCopy {
		warn("-Z flag ignored with UDP: sendfile makes no datagrams")
		s.zeroCopy = false
	}
	complain := func(err error) {
		if !s.json {
			fmt.Fprintf(stderr, "iperf3: %s\n", errorText(&s, err))
		}
	}
	newOutput := func() output {
		w := lineWriter{w: stdout}
		if s.json {
			return newJSONOutput(w, s)
		}
		if s.title != "" {
			w.prefix = s.title + ":  "
		}
		return newTextOutput(w, s)
	}
	if o, ok := newOutput().(*textOutput); ok && s.verbose {
		o.about()
	}
	if s.server {
		err = serve(ctx, s, newOutput, complain)
	} else {
		o := newOutput()
		err = client(ctx, s, o, warn)
		o.ended(err)
	}
	if err != nil {
		complain(err)
		return 1
	}
	return 0
}

// versionLine is what --version prints first. Programs read the number from it.
func versionLine() string { return "iperf " + protocolVersion + " (tuna native " + Version + ")" }

// Version is this implementation's own version, which --version prints after that of the protocol.
const Version = "0.1"

// features names what the system has and other systems may lack.
func features() string {
	list := []string{"sendfile / zerocopy"}
	for _, f := range []struct {
		has  bool
		name string
	}{
		{hasCongestion, "TCP congestion algorithm setting"}, {hasMSS, "TCP MSS setting"}, {hasUserTimeout, "send timeout"},
	} {
		if f.has {
			list = append(list, f.name)
		}
	}
	return strings.Join(list, ", ")
}

const shortUsage = `Usage: iperf3 [-s|-c host] [options]
       iperf3 [-h|--help] [-v|--version]
Try ` + "`iperf3 --help'" + ` for more information.
`

func longUsage() string {
	var b strings.Builder
	b.WriteString("Usage: iperf3 [-s|-c host] [options]\n       iperf3 [-h|--help] [-v|--version]\n")
	for i, title := range []string{"Server or Client:", "Server specific:", "Client specific:"} {
		fmt.Fprintf(&b, "\n%s\n", title)
		for _, f := range flagTable {
			where := f.role
			switch f.long {
			case "server":
				where = serverOnly
			case "client":
				where = clientOnly
			}
			if where != role(i) || f.help == "" || f.lacks != "" {
				continue
			}
			name := "      --" + f.long
			if f.short != 0 {
				name = fmt.Sprintf("  -%c, --%s", f.short, f.long)
			}
			fmt.Fprintf(&b, "%-32s %s\n", strings.TrimRight(name+" "+f.value, " "), strings.ReplaceAll(f.help, "\n", "\n"+strings.Repeat(" ", 33)))
		}
	}
	b.WriteString("\n[KMG] indicates options that support a K/M/G suffix for kilo-, mega-, or giga-\n")
	return b.String()
}

func hostPort(a net.Addr) (string, int) {
	switch a := a.(type) {
	case *net.TCPAddr:
		ap := a.AddrPort()
		return ap.Addr().Unmap().String(), int(ap.Port())
	case *net.UDPAddr:
		ap := a.AddrPort()
		return ap.Addr().Unmap().String(), int(ap.Port())
	}
	return "", 0
}
