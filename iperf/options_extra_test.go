package iperf

import (
	"errors"
	"strings"
	"testing"
)

// TestExtraThatBreaksARun has options in every way in which getopt_long takes them, beside values that look like them.
func TestExtraThatBreaksARun(t *testing.T) {
	for _, test := range []struct {
		name    string
		version string
		extra   string   // fields
		want    []string // the refused options; none: all is well
	}{
		{"iperf 3: by itself", "3.12", "-D", []string{"-D"}},
		{"in a cluster", "3.12", "-VD", []string{"-D"}},
		{"in the middle of one", "3.12", "-VDJ", []string{"-D"}},
		{"several", "3.12", "-VDs", []string{"-D", "-s"}},
		{"before a value", "3.12", "-Dl 5", []string{"-D"}},
		{"behind an option that does not exist", "3.12", "-eD", []string{"-D"}},
		{"an attached value", "3.12", "-lD", nil},
		{"a value", "3.12", "-l -D", nil},
		{"a value of a cluster", "3.12", "-Vl -D", nil},
		{"an attached value does not take the next", "3.12", "-l5 -D", []string{"-D"}},
		{"a value of a long option", "3.12", "--title -D", nil},
		{"an attached one of a long option", "3.12", "--title=-D -D", []string{"-D"}},
		{"an optional value is only attached", "3.12", "--timestamps -D", []string{"-D"}},
		{"a long option", "3.12", "--daemon", []string{"--daemon"}},
		{"shortened", "3.12", "--daem", []string{"--daemon"}},
		{"as short as may be", "3.12", "--da", []string{"--daemon"}},
		{"a file of output", "3.12", "--logfile x", []string{"--logfile"}},
		{"attached", "3.12", "--logfile=x", []string{"--logfile"}},
		{"shortened, with a value", "3.12", "--logf x", []string{"--logfile"}},
		{"shortened, with an attached value", "3.12", "--log=x", []string{"--logfile"}},
		{"the role", "3.12", "--clie=x", []string{"--client"}},
		{"the version", "3.12", "--versi", []string{"--version"}},
		{"the help", "3.12", "-h --he", []string{"-h", "--help"}},
		{"options that begin alike", "3.12", "--version4 --server-bitrate-limit 1G --cport 5 -dV --debug", nil},
		{"a file of the process's id", "3.12", "-I /run/x", nil},
		{"operands", "3.12", "-- -D", nil},
		{"a lone dash", "3.12", "-", nil},
		{"no option", "3.12", "D daemon", nil},
		{"iperf 2: in a cluster", "2.1.8", "-eD", []string{"-D"}},
		{"a file", "2.1.8", "-eox", []string{"-o"}},
		{"shortened", "2.1.8", "--outp x --daem --std", []string{"--output", "--daemon", "--stdin_input"}},
		{"standard input", "2.1.8", "-eI", []string{"-I"}},
		{"iperf 3's cluster is another one's", "2.1.8", "-kD -lD -l -D -ID", []string{"-D", "-I", "-D"}},
		{"values", "2.1.8", "-B -o -Fo --len -o --fq-rate -D", nil},
		{"a window of iperf 3 is a value of iperf 2", "2.1.8", "-x -D -y -o", nil},
		{"none of iperf 2's", "2.1.8", "--logfile", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, side := range []string{"Client", "Server"} {
				l := commandLine{version: ver(test.version), side: side}
				l.checkExtra(strings.Fields(test.extra))
				if len(l.errs) != len(test.want) {
					t.Fatalf("got %v, want %v", l.errs, test.want)
				}
				for i, err := range l.errs {
					fault, ok := errors.AsType[*SettingError](err)
					if !ok || fault.Field != side+".Extra" || !strings.HasPrefix(fault.Allowed, "without "+test.want[i]+", as ") {
						t.Errorf("got %v, want %s", err, test.want[i])
					}
				}
			}
		})
	}
}

func TestPortInArguments(t *testing.T) {
	for _, test := range []struct {
		version, args string
		want          int // zero: none
	}{
		{"3.12", "-c x -p 5201 -t 10", 5201},
		{"3.12", "-c x -p 5201 -p 9", 9},
		{"3.12", "-p 5201 -Vp9", 9},
		{"3.12", "-p 5201 --port=9", 9},
		{"3.12", "-p 5201 --port 9", 9},
		{"3.12", "-p 5201 --po 9", 9},
		{"3.12", "-p 5201 --title -p -T -p9 --cport 8 -- -p 7", 5201},
		{"2.1.8", "-p 5001-5002 -i 1", 5001},
		{"2.1.8", "-p 5001 -ep 9-10", 9},
		{"2.1.8", "-p 5001 -L 8 --permit-key=-p", 5001},
		{"2.1.8", "-c x", 0},
	} {
		if port, ok := ver(test.version).portIn(strings.Fields(test.args)); port != test.want || ok != (test.want != 0) {
			t.Errorf("%s: got %d, %v, want %d", test.args, port, ok, test.want)
		}
	}
}
