package iperf_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf"
)

func TestParseDirection(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     iperf.Direction
		wantErr  string
	}{
		{name: "whole word", in: "upstream", want: iperf.Upstream},
		{name: "first letter", in: "d", want: iperf.Downstream},
		{name: "capital", in: "Both", want: iperf.Both},
		{name: "only the first letter counts", in: "download", want: iperf.Downstream},
		{name: "empty", in: "", wantErr: `direction "": must start with u (upstream), d (downstream) or b (both)`},
		{name: "another letter", in: "sideways", wantErr: `direction "sideways": must start with u (upstream), d (downstream) or b (both)`},
		{name: "control character that differs from a letter in one bit", in: "\x15", wantErr: `direction "\x15": must start with u (upstream), d (downstream) or b (both)`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := iperf.ParseDirection(test.in)
			gotErr := ""
			if err != nil {
				gotErr = err.Error()
			}
			if got != test.want || gotErr != test.wantErr {
				t.Errorf("ParseDirection(%q) = %v, %q; want %v, %q", test.in, got, gotErr, test.want, test.wantErr)
			}
		})
	}
}

func TestEach(t *testing.T) {
	for _, test := range []struct {
		d    iperf.Direction
		want []iperf.Direction
	}{
		{0, nil},
		{iperf.Upstream, []iperf.Direction{iperf.Upstream}},
		{iperf.Downstream, []iperf.Direction{iperf.Downstream}},
		{iperf.Both, []iperf.Direction{iperf.Upstream, iperf.Downstream}},
	} {
		t.Run(test.d.String(), func(t *testing.T) {
			if diff := cmp.Diff(test.want, slices.Collect(test.d.Each())); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for d := range iperf.Both.Each() {
		if d != iperf.Upstream {
			t.Errorf("a loop that breaks after the first: got %v", d)
		}
		break
	}
}
