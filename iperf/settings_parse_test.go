package iperf

import (
	"errors"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

func TestParseSizeAndRate(t *testing.T) {
	for _, test := range []struct {
		s                    string
		size2, size3         int64
		rate2, rate3         report.BitRate
		sizeFault2, rateOnly bool
	}{
		{s: "0"},
		{s: "1470", size2: 1470, size3: 1470, rate2: 1470, rate3: 1470},
		{s: "256K", size2: 256 << 10, size3: 256 << 10, rate2: 256 << 10, rate3: 256e3},
		{s: "256k", size2: 256e3, size3: 256 << 10, rate2: 256e3, rate3: 256e3},
		{s: "1.5M", size2: 3 << 19, size3: 3 << 19, rate2: 3 << 19, rate3: 1.5e6},
		{s: "10m", size2: 1e7, size3: 10 << 20, rate2: 1e7, rate3: 1e7},
		{s: " 8G ", size2: 8 << 30, size3: 8 << 30, rate2: 8 << 30, rate3: 8e9},
		{s: "1g", size2: 1e9, size3: 1 << 30, rate2: 1e9, rate3: 1e9},
		{s: "2T", size3: 2 << 40, rate3: 2e12, sizeFault2: true},
		{s: "0.7", size2: 0, size3: 0, rate2: 0.7, rate3: 0.7},
	} {
		t.Run(test.s, func(t *testing.T) {
			size2, err2 := ParseSize("/usr/bin/iperf", test.s)
			size3, err3 := ParseSize("", test.s)
			if size2 != test.size2 || (err2 != nil) != test.sizeFault2 || size3 != test.size3 || err3 != nil {
				t.Errorf("size: got %d, %v for iperf and %d, %v for iperf3", size2, err2, size3, err3)
			}
			rate2, err2 := ParseRate("iperf", test.s)
			rate3, err3 := ParseRate("/opt/bin/iperf3", test.s)
			if rate2 != test.rate2 || (err2 != nil) != test.sizeFault2 || rate3 != test.rate3 || err3 != nil {
				t.Errorf("rate: got %v, %v for iperf and %v, %v for iperf3", float64(rate2), err2, float64(rate3), err3)
			}
		})
	}
	for _, s := range []string{"", "K", "-1", "1e3", "1KB", "0x10", "1 K", "NaN", "Inf", "9223372036854775808", "1..2"} {
		if n, err := ParseSize("iperf", s); !errors.Is(err, ErrSettings) {
			t.Errorf("size %q: got %d, %v", s, n, err)
		}
	}
	for _, s := range []string{"", "m", "-1", "10Mbit", "+5"} {
		if r, err := ParseRate("", s); !errors.Is(err, ErrSettings) {
			t.Errorf("rate %q: got %v, %v", s, r, err)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, s := range []string{"8G", "256k", "1.5T", ".", "1e9", "9999999999999G"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, program := range []string{"iperf", "iperf3"} {
			if n, err := ParseSize(program, s); n < 0 || err != nil && n != 0 {
				t.Errorf("%s: %q: got %d, %v", program, s, n, err)
			}
		}
	})
}

func TestParseTOS(t *testing.T) {
	for _, test := range []struct {
		parse   func(string) (int, error)
		s       string
		want    int
		wantErr bool
	}{
		{ParseTOS, "0", 0, false},
		{ParseTOS, "184", 184, false},
		{ParseTOS, "0xb8", 184, false},
		{ParseTOS, "064", 52, false},
		{ParseTOS, "EF", 184, false},
		{ParseTOS, "af11", 40, false},
		{ParseTOS, "256", 0, true},
		{ParseTOS, "-1", 0, true},
		{ParseTOS, "best", 0, true},
		{ParseDSCP, "46", 184, false},
		{ParseDSCP, "cs7", 224, false},
		{ParseDSCP, "le", 4, false},
		{ParseDSCP, "64", 0, true},
	} {
		if got, err := test.parse(test.s); got != test.want || (err != nil) != test.wantErr {
			t.Errorf("%q: got %d, %v, want %d", test.s, got, err, test.want)
		}
	}
}
