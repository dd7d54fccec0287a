package iperf

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the files that tests compare with")

// TestCommandLinesStay holds the command line of every setting, in several versions, against the ones of before.
func TestCommandLinesStay(t *testing.T) {
	var b strings.Builder
	line := func(setting, version string, args []string, err error) {
		if err == nil {
			fmt.Fprintf(&b, "%s, %s: %q\n", setting, version, args)
		}
	}
	for _, version := range []string{"2.0.5", "2.1.8", "2.2.1", "3.7", "3.12", "3.21"} {
		for _, c := range clientCases {
			if c.setting == "TxStartTime" {
				continue // it is of today
			}
			x := Iperf{Client: c.settings}
			args, err := x.clientArgs(ver(version), c.to("192.0.2.1", "2001:db8::1"), 7)
			line("Client."+c.setting, version, args, err)
		}
		for _, s := range serverCases {
			x := Iperf{Client: s.client, Server: s.settings}
			args, err := x.serverArgs(ver(version), "192.0.2.1", 7)
			line("Server."+s.setting, version, args, err)
		}
	}
	golden(t, "testdata/argv.txt", b.String())
}

// golden compares a text with a file, which -update writes.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), which go test -update writes\n%s", file, diff)
	}
}
