package iperf

import (
	"strings"
	"testing"
	"time"
)

// An amount is sent in many blocks and reported in short intervals, unless the caller says otherwise.
func TestCommandLineOfAnAmount(t *testing.T) {
	for _, test := range []struct {
		name     string
		version  string
		settings ClientSettings
		want     string
	}{
		{"10 MiB", "3.18", ClientSettings{Bytes: 10 << 20}, "-n 10485760 -i 0.1 -l 8192"},
		{"100 kB", "3.18", ClientSettings{Bytes: 100e3}, "-n 100000 -i 0.1 -l 1024"},
		{"10 GB", "3.18", ClientSettings{Bytes: 10e9}, "-n 10000000000 -i 0.1 --connect"},
		{"all of the numbers", "3.18", ClientSettings{Bytes: 1<<63 - 1}, "-n 9223372036854775807 -i 0.1 --connect"},
		{"blocks of the program's length", "3.18", ClientSettings{Blocks: 80}, "-k 1280 -i 0.1 -l 8192"},
		{"many of them", "3.18", ClientSettings{Blocks: 1<<63 - 1}, "-k 9223372036854775807 -i 0.1 --connect"},
		{"blocks of the caller's length", "3.18", ClientSettings{Blocks: 80, Length: 1000}, "-k 80 -i 0.1 -l 1000"},
		{"datagrams", "3.18", ClientSettings{Protocol: udp, Blocks: 80}, "-k 80 -i 0.1 --connect"},
		{"a file", "3.18", ClientSettings{File: "x"}, "-t 10 -i 0.1 -l 32768 -F x"},
		{"the caller's interval", "3.18", ClientSettings{Bytes: 10 << 20, Interval: time.Second}, "-n 10485760 -i 1 -l 8192"},
		{"no amount", "3.18", ClientSettings{}, "-t 10 -i 1 --connect"},
		{"iperf 2", "2.1.8", ClientSettings{Bytes: 10 << 20}, "-n 10485760 -i 1 -f"},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := Iperf{Client: test.settings}
			args, err := x.clientArgs(ver(test.version), "192.0.2.1", 5001)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(args, " "); !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %s in it", got, test.want)
			}
			if server, err := x.serverArgs(ver(test.version), "192.0.2.1", 5001); err != nil {
				t.Error(err)
			} else if i := strings.Fields(test.want)[3]; !strings.Contains(strings.Join(server, " "), "-i "+i) {
				t.Errorf("the server is run with %v, want -i %s", server, i)
			}
		})
	}
}
