package iperf

import (
	"fmt"
	"slices"
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
	known := syntax3
	if l.version.Major < 3 {
		known = syntax2
	}
	for i := 0; i < len(extra); i++ {
		argument := extra[i]
		long, isLong := strings.CutPrefix(argument, "--")
		if isLong && long == "" {
			return // only operands follow
		}
		var found []refusedOption
		var valueFollows bool
		if isLong {
			found, valueFollows = known.long(long)
		} else if cluster, ok := strings.CutPrefix(argument, "-"); ok {
			found, valueFollows = known.short(cluster)
		}
		for _, r := range found {
			l.bad("Extra", fmt.Sprintf("%q", argument), fmt.Sprintf("without %s, as %s,", r.name(isLong), r.why))
		}
		if valueFollows {
			i++
		}
	}
}

func (r refusedOption) name(long bool) string {
	if long || r.short == 0 {
		return "--" + r.long
	}
	return "-" + string(r.short)
}

// long returns the refused options that name, which may have a value behind "=", can stand for. A name that is short
// enough for several options may be one of another version.
func (s syntax) long(argument string) (found []refusedOption, valueFollows bool) {
	name, _, attached := strings.Cut(argument, "=")
	for _, r := range s.refused {
		if strings.HasPrefix(r.long, name) {
			found = append(found, r)
		}
	}
	return found, !attached && slices.Contains(s.longWithValue, name)
}

// short returns the refused options in a cluster of short ones.
func (s syntax) short(cluster string) (found []refusedOption, valueFollows bool) {
	for i := range len(cluster) {
		for _, r := range s.refused {
			if r.short == cluster[i] {
				found = append(found, r)
			}
		}
		if strings.IndexByte(s.withValue, cluster[i]) >= 0 {
			return found, i == len(cluster)-1
		}
	}
	return found, false
}
