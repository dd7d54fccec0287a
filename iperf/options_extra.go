package iperf

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// A refusedOption is an option that Extra must not have.
type refusedOption struct {
	short byte // zero: none
	long  string
	why   string
}

// A syntax is what a program's getopt_long knows of its options.
type syntax struct {
	// withValue has the short options that take a value, which is the rest of their argument or the next one.
	withValue string
	// longWithValue has the long options that take a value, which follows "=" or is the next argument. Those whose value
	// is optional are not among them, since theirs only follows "=".
	longWithValue []string
	refused       []refusedOption
}

// The options of iperf 2.0.0 to 2.2.1 and of iperf 3.0 to 3.21.
var (
	syntax2 = syntax{
		withValue: "bcfilnoptwxyBFHLMPSTZ",
		longWithValue: strings.Fields(`bandwidth client format interval len num output port time window reportexclude reportstyle bind
			file_input ssm-host listenport mss parallel tos ttl linux-congestion tcp-congestion ipg txstart-time txdelay-time fq-rate
			burst-size burst-period bounceback-period bounceback-hold bounceback-txdelay connect-retries tcp-write-prefetch
			tcp-rx-window-clamp permit-key-timeout tos-override`),
		refused: append([]refusedOption{
			{'D', "daemon", daemonRefused}, {'o', "output", outputRefused}, {'I', "stdin_input", stdinRefused},
		}, refusedAlways...),
	}
	syntax3 = syntax{
		withValue: "pfictbnklPwBMSLOFATCIX",
		longWithValue: strings.Fields(`port format interval client bitrate bandwidth server-bitrate-limit server-max-duration time bytes
			blockcount length parallel window bind bind-dev cport set-mss tos dscp extra-data flowlabel omit file affinity title congestion
			linux-congestion nstreams xbind pidfile logfile username rsa-public-key-path rsa-private-key-path authorized-users-path
			time-skew-threshold fq-rate pacing-timer connect-timeout idle-timeout rcv-timeout snd-timeout`),
		refused: append([]refusedOption{{'D', "daemon", daemonRefused}, {0, "logfile", outputRefused}}, refusedAlways...),
	}
	refusedAlways = []refusedOption{
		{'s', "server", roleRefused}, {'c', "client", roleRefused}, {'v', "version", quitRefused}, {'h', "help", quitRefused},
	}
)

const (
	daemonRefused = "a daemon could not be ended with its run; servers are started beside their clients anyway"
	outputRefused = "the run has to read the output; FileStorage keeps it"
	stdinRefused  = "a run has no standard input to give; put the data into a file on the client's host and set Client.File"
	roleRefused   = "the run tells the program whether it is the client or the server"
	quitRefused   = "the program would print something and end; Iperf.Version tells the version"
)

// checkExtra finds options that would break the run, written in any way that getopt_long takes: among other short options
// as in -VD, or shortened as in --daem.
func (l *commandLine) checkExtra(extra []string) {
	known := l.version.syntax()
	for used := range known.options(extra) {
		for _, r := range known.refused {
			if used.is(r.short, r.long) {
				l.bad("Extra", fmt.Sprintf("%q", used.argument), fmt.Sprintf("without %s, as %s,", r.name(used.long != ""), r.why))
			}
		}
	}
}

func (v Version) syntax() syntax {
	if v.Major < 3 {
		return syntax2
	}
	return syntax3
}

// portIn returns the port that arguments give a program of this version, the first of a range. ok is false if they have
// none. Of several options the last one counts.
func (v Version) portIn(args []string) (port int, ok bool) {
	for used := range v.syntax().options(args) {
		if used.is('p', "port") {
			first, _, _ := strings.Cut(used.value, "-")
			n, err := strconv.Atoi(first)
			port, ok = n, err == nil
		}
	}
	return port, ok
}

func (r refusedOption) name(long bool) string {
	if long || r.short == 0 {
		return "--" + r.long
	}
	return "-" + string(r.short)
}

// A usedOption is an option among arguments.
type usedOption struct {
	argument string // that it is in
	short    byte   // zero: it is a long one
	long     string // without its value; it may be shortened
	value    string
}

// is reports whether the option is, or can stand for, one with these names. A long name that is short enough for several
// options may be one of another version.
func (o usedOption) is(short byte, long string) bool {
	if o.long != "" {
		return strings.HasPrefix(long, o.long)
	}
	return o.short == short
}

// options returns the options among arguments, with their values.
func (s syntax) options(args []string) iter.Seq[usedOption] {
	return func(yield func(usedOption) bool) {
		for i := 0; i < len(args); i++ {
			o := usedOption{argument: args[i]}
			next := func() { // takes the next argument as the value
				if i++; i < len(args) {
					o.value = args[i]
				}
			}
			if long, ok := strings.CutPrefix(o.argument, "--"); ok {
				var attached bool
				if o.long, o.value, attached = strings.Cut(long, "="); long == "" {
					return // only operands follow
				}
				if !attached && s.takesValue(o.long) {
					next()
				}
				if !yield(o) {
					return
				}
				continue
			}
			cluster, _ := strings.CutPrefix(o.argument, "-")
			if cluster == o.argument {
				continue
			}
			for j := range len(cluster) {
				o.short, o.value = cluster[j], ""
				valued := strings.IndexByte(s.withValue, cluster[j]) >= 0
				if valued {
					if o.value = cluster[j+1:]; o.value == "" {
						next()
					}
				}
				if !yield(o) {
					return
				}
				if valued {
					break
				}
			}
		}
	}
}

// takesValue reports whether a long option, or the only one that it is short for, has a value in the next argument.
func (s syntax) takesValue(name string) bool {
	if slices.Contains(s.longWithValue, name) {
		return true
	}
	found := 0
	for _, long := range s.longWithValue {
		if strings.HasPrefix(long, name) {
			found++
		}
	}
	return found == 1
}
