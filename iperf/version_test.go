package iperf_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tunaperf/tuna/iperf"
)

func TestParseVersion(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       iperf.Version
	}{
		{"iperf 2 of Debian 12", "iperf version 2.1.8 (12 August 2022) pthreads\n", iperf.Version{Program: "iperf", Number: "2.1.8", Major: 2, Minor: 1, Patch: 8}},
		{"iperf 2 with a letter", "iperf version 2.0.14a (2 October 2020) pthreads\n", iperf.Version{Program: "iperf", Number: "2.0.14a", Major: 2, Minor: 0, Patch: 14}},
		{"iperf 1.7", "iperf version 1.7.0 (13 Mar 2003) pthreads\r\n", iperf.Version{Program: "iperf", Number: "1.7.0", Major: 1, Minor: 7}},
		{"development version", "iperf version 2.2.n (22 March 2023) pthreads\n", iperf.Version{Program: "iperf", Number: "2.2.n", Major: 2, Minor: 2}},
		{"iperf 3 of Debian 12", "iperf 3.12 (cJSON 1.7.15)\nLinux vm 6.18.44\n", iperf.Version{Program: "iperf3", Number: "3.12", Major: 3, Minor: 12}},
		{"iperf 3 with a patch level", "iperf 3.17.1+ (cJSON 1.7.15)\n", iperf.Version{Program: "iperf3", Number: "3.17.1+", Major: 3, Minor: 17, Patch: 1}},
		{"iperf 3.0", "iperf version 3.0.11\n", iperf.Version{Program: "iperf3", Number: "3.0.11", Major: 3, Minor: 0, Patch: 11}},
		{"behind a login banner", "Welcome!\niperf 3.9 (cJSON 1.7.13)\n", iperf.Version{Program: "iperf3", Number: "3.9", Major: 3, Minor: 9}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := iperf.ParseVersion(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(iperf.Version{}, "Text")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	for _, text := range []string{"", "iperf", "bash: iperf3: command not found", "iperf 99999999999999999999.1"} {
		if v, err := iperf.ParseVersion(text); err == nil {
			t.Errorf("ParseVersion(%q) = %v, no error", text, v)
		}
	}
}

func TestVersionAtLeast(t *testing.T) {
	v := iperf.Version{Major: 3, Minor: 1, Patch: 5}
	for _, test := range []struct {
		major, minor, patch int
		want                bool
	}{{3, 1, 5, true}, {3, 1, 4, true}, {3, 1, 6, false}, {3, 0, 11, true}, {3, 2, 0, false}, {2, 9, 9, true}, {4, 0, 0, false}} {
		if got := v.AtLeast(test.major, test.minor, test.patch); got != test.want {
			t.Errorf("3.1.5 at least %d.%d.%d: got %v", test.major, test.minor, test.patch, got)
		}
	}
}
