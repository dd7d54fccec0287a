package iperf

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A misspelt option has the program print all of its usage. The first lines say what is wrong.
func TestEvidenceIsShort(t *testing.T) {
	usage := strings.Repeat("  -x, --option    does something\n", 90)
	for _, test := range []struct{ name, stderr, want string }{
		{"nothing", "", ""},
		{"ten lines", strings.Repeat("line\n", 10), strings.Repeat("line\n", 10)},
		{"usage", "iperf3: unrecognized option '--tiem'\n" + usage, "iperf3: unrecognized option '--tiem'\n" + usage[:9*len(usage)/90] + "… (81 lines more, see Stderr)\n"},
		{"long lines", "first\n" + strings.Repeat("x", 5000), "first\n… (1 lines more, see Stderr)\n"},
		{"one long line", strings.Repeat("x", 5000), strings.Repeat("x", 4096) + "… (904 bytes more, see Stderr)\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := &RunError{Host: "dut", Role: RoleClient, Command: "iperf3 -c b", ExitStatus: 1, Stderr: test.stderr, Err: ErrTimeout}
			want := "iperf3 client on dut: timed out\ncommand: iperf3 -c b\nexit status: 1\nstderr:\n" + test.want
			if diff := cmp.Diff(want, fmt.Sprintf("%+v", e)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if e.Stderr != test.stderr {
				t.Error("the field has changed")
			}
		})
	}
}

// An error of a run is one line, and with %+v everything that is known, however deep it is inside.
func TestEvidence(t *testing.T) {
	client := &RunError{Host: "dut", Role: RoleClient, Command: "iperf3 -c b", ExitStatus: 1, Stderr: "no way\n", Err: ErrUnreachable}
	server := &RunError{Host: "pc", Role: RoleServer, Command: "iperf3 -s", ExitStatus: -1, Err: ErrTimeout}
	ofClient := "iperf3 client on dut: host unreachable\ncommand: iperf3 -c b\nexit status: 1\nstderr:\nno way\n"
	ofServer := "iperf3 server on pc: timed out\ncommand: iperf3 -s\nexit status: -1\nstderr:\n"
	for _, test := range []struct {
		name        string
		err         error
		short, long string // long: after the short one
	}{
		{"one end", client, "iperf3 client on dut: host unreachable", strings.TrimPrefix(ofClient, "iperf3 client on dut: host unreachable")},
		{"a path with spaces", &RunError{Host: "dut", Command: `'my iperf'\''s 3' --version`, ExitStatus: -1, Err: ErrTimeout},
			`'my iperf'\''s 3' on dut: timed out`, "\ncommand: 'my iperf'\\''s 3' --version\nexit status: -1\nstderr:\n"},
		{"both ends", both(client, server), "iperf3 client on dut: host unreachable; iperf3 server on pc: timed out", "\n\n" + ofClient + "\n\n" + ofServer},
		{"one of them", both(nil, server), "iperf3 server on pc: timed out", strings.TrimPrefix(ofServer, "iperf3 server on pc: timed out")},
		{"of many runs", errorf("upstream, repetition 2: %w", both(client, ErrStorage)),
			"upstream, repetition 2: iperf3 client on dut: host unreachable; raw output could not be kept", "\n\n" + ofClient},
		{"of several files", both(both(storageError{errors.New("a.txt: full")}, nil), both(storageError{errors.New("b.txt: full")}, nil)), "raw output could not be kept: a.txt: full; b.txt: full", ""},
		{"no program's", both(ErrStorage, ErrCanceled), "raw output could not be kept; ended by the caller", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for format, want := range map[string]string{"%v": test.short, "%s": test.short, "%+v": test.short + test.long} {
				if diff := cmp.Diff(want, fmt.Sprintf(format, test.err)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", format, diff)
				}
			}
		})
	}
	if err := both(client, server); !errors.Is(err, ErrUnreachable) || !errors.Is(err, ErrTimeout) {
		t.Errorf("%v: want both kinds", err)
	}
}
