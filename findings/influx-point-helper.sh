#!/usr/bin/env bash
# Software: github.com/influxdata/influxdb-client-go v2.14.0, github.com/influxdata/line-protocol v2.2.1.
#
# Behaviour: the module has two encoders. write.PointToLineProtocol puts a comma behind the measurement of
# a point without tags ("iperf, rate=1"), and writes tags without a value, NaN and Inf. InfluxData's own
# decoder of the format refuses all four. WritePoint of the same module leaves out the comma and the tag,
# and returns an error for NaN and Inf.
#
# Expected: the public function writes what the client sends.
#
# Hurt: programs that log points, keep them in a file for a later import, or compare lines in tests. All
# points without tags are lost at the import, as is a loss ratio of 0 of 0 datagrams.
#
# Source: none found. The documentation says that the function creates line protocol.
#
# Seen: as in the last lines of this file.

. "${0%/*}/common.sh"
mkdir "$work/go"
cat >"$work/go/main.go" <<'END'
package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api/write"
	"github.com/influxdata/line-protocol/v2/lineprotocol"
)

func main() {
	var sent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = string(body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	client := influxdb2.NewClientWithOptions(server.URL, "", influxdb2.DefaultOptions().
		SetPrecision(time.Second).SetLogLevel(0))
	defer client.Close()
	api := client.WriteAPIBlocking("", "")

	for _, c := range []struct {
		name string
		tags map[string]string
		rate float64
	}{
		{"no tags", nil, 1},
		{"one tag", map[string]string{"dut": "a"}, 1},
		{"empty tag", map[string]string{"dut": "a", "site": ""}, 1},
		{"NaN", map[string]string{"dut": "a"}, math.NaN()},
		{"Inf", map[string]string{"dut": "a"}, math.Inf(1)},
	} {
		p := write.NewPoint("iperf", c.tags, map[string]any{"rate": c.rate}, time.Unix(1, 0))
		show(c.name+", PointToLineProtocol", write.PointToLineProtocol(p, time.Second))
		if err := api.WritePoint(context.Background(), p); err != nil {
			fmt.Printf("%s, WritePoint: error: %v\n", c.name, err)
		} else {
			show(c.name+", WritePoint", sent)
		}
	}
}

func show(name, line string) {
	verdict := "accepted"
	if err := decode(line); err != nil {
		verdict = "refused"
	}
	fmt.Printf("%s: %q is %s\n", name, line, verdict)
}

func decode(line string) error {
	d := lineprotocol.NewDecoder(strings.NewReader(line))
	for d.Next() {
		if _, err := d.Measurement(); err != nil {
			return err
		}
		for key, err := []byte(""), error(nil); key != nil; {
			if key, _, err = d.NextTag(); err != nil {
				return err
			}
		}
		for key, err := []byte(""), error(nil); key != nil; {
			if key, _, err = d.NextField(); err != nil {
				return err
			}
		}
	}
	return nil
}
END
module "$work/go" github.com/influxdata/influxdb-client-go/v2@v2.14.0 github.com/influxdata/line-protocol/v2@v2.2.1
while IFS= read -r line; do note "$line"; done < <("$work/go/main")

same <<'END'
no tags, PointToLineProtocol: "iperf, rate=1 1\n" is refused
no tags, WritePoint: "iperf rate=1 1\n" is accepted
one tag, PointToLineProtocol: "iperf,dut=a rate=1 1\n" is accepted
one tag, WritePoint: "iperf,dut=a rate=1 1\n" is accepted
empty tag, PointToLineProtocol: "iperf,dut=a,site= rate=1 1\n" is refused
empty tag, WritePoint: "iperf,dut=a rate=1 1\n" is accepted
NaN, PointToLineProtocol: "iperf,dut=a rate=NaN 1\n" is refused
NaN, WritePoint: error: is NaN
Inf, PointToLineProtocol: "iperf,dut=a rate=+Inf 1\n" is refused
Inf, WritePoint: error: is Inf
END
