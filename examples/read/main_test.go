package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const output = `Connecting to host 192.0.2.1, port 5201
[  5] local 192.0.2.2 port 35936 connected to 192.0.2.1 port 5201
[ ID] Interval           Transfer     Bitrate         Retr  Cwnd
[  5]   0.00-1.00   sec   112 MBytes   941 Mbits/sec    0   1023 KBytes
- - - - - - - - - - - - - - - - - - - - - - - - -
[ ID] Interval           Transfer     Bitrate         Retr
[  5]   0.00-1.00   sec   112 MBytes   941 Mbits/sec    0             sender
[  5]   0.00-1.00   sec   112 MBytes   939 Mbits/sec                  receiver

iperf Done.
`

func TestRead(t *testing.T) {
	const want = `       interval          rate
    0.00-1.00 s    941 Mbit/s

             total     interval      bytes        rate  retransmits  jitter  lost
      forward sent  0.00-1.00 s  117440512  941 Mbit/s            0              
  forward received  0.00-1.00 s  117440512  939 Mbit/s                           
`
	var got strings.Builder
	if err := run(nil, strings.NewReader(output), &got); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("from standard input:\n%s\nwant:\n%s", got.String(), want)
	}

	name := filepath.Join(t.TempDir(), "client.txt")
	if err := os.WriteFile(name, []byte(output), 0o600); err != nil {
		t.Fatal(err)
	}
	got.Reset()
	if err := run([]string{name}, nil, &got); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("from a file:\n%s\nwant:\n%s", got.String(), want)
	}
}

func TestReadBothWays(t *testing.T) {
	const both = `Connecting to host 192.0.2.1, port 5201
[  5] local 192.0.2.2 port 35936 connected to 192.0.2.1 port 5201
[  7] local 192.0.2.2 port 35938 connected to 192.0.2.1 port 5201
[ ID][Role] Interval           Transfer     Bitrate         Retr  Cwnd
[  5][TX-C]   0.00-1.00   sec   112 MBytes   941 Mbits/sec    0   1023 KBytes
[  7][RX-C]   0.00-1.00   sec   110 MBytes   923 Mbits/sec
`
	const want = `       interval          rate
    0.00-1.00 s    941 Mbit/s
    0.00-1.00 s    923 Mbit/s  reverse
`
	var got strings.Builder
	if err := run(nil, strings.NewReader(both), &got); err == nil {
		t.Error("no error for a test without totals")
	}
	if !strings.HasPrefix(got.String(), want) {
		t.Errorf("got\n%s\nwant it to begin with\n%s", got.String(), want)
	}
}

func TestReadFails(t *testing.T) {
	var got strings.Builder
	err := run(nil, strings.NewReader("iperf3: error - unable to connect to server: Connection refused\n"), &got)
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got the error %v", err)
	}
	if err := run([]string{filepath.Join(t.TempDir(), "none")}, nil, &got); err == nil {
		t.Error("no error for a file that does not exist")
	}
}
