package iperf

import (
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestRatesOfCapturedOutputs reads what programs of several versions printed about a link of 300 Mbit/s. While they ran,
// the kernel's count of what arrived was read every 2 ms: the bandwidth must be near the rate that it shows. The comment
// of an archive has a line for each setting of the test; "want" says what should come in place of the witness's rate.
func TestRatesOfCapturedOutputs(t *testing.T) {
	files, err := filepath.Glob("testdata/rates/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			about := map[string]string{}
			for line := range strings.Lines(string(ar.Comment)) {
				if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
					about[key] = value
				}
			}
			var x Iperf
			if err := json.Unmarshal([]byte(about["settings"]), &x.Client); err != nil {
				t.Fatal(err)
			}
			res := Result{Reversed: about["reverse"] == "true"}
			res.ClientEnd.Version = ver(about["version"])
			for _, f := range ar.Files {
				parser, rep := report.Parser{Role: RoleClient}, &res.Client
				if f.Name == "server" {
					parser.Role, rep = RoleServer, &res.Server
				}
				if *rep, err = parser.Parse(strings.NewReader(string(f.Data)), nil); err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
			}
			from, err := res.aggregate(x.reading(res.ClientEnd.Version), Median)
			if about["want"] == "nothing sent" {
				if !errors.Is(err, ErrNoBandwidth) || !strings.Contains(err.Error(), about["says"]) {
					t.Errorf("got %v, %v; want ErrNoBandwidth and %q", res.Bandwidth, err, about["says"])
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			warnings := res.oddities(&x.Client, from)
			if warning, err := from.coverage(&x.Client, x.timeout(0)); warning != nil || err != nil {
				warnings = append(warnings, warning, err)
			}
			if said := errors.Join(warnings...); (said != nil) != (about["says"] != "") || said != nil && !strings.Contains(said.Error(), about["says"]) {
				t.Errorf("warnings: %v; want %q", said, about["says"])
			}
			want, err := strconv.ParseFloat(about["witness"], 64)
			if w := about["want"]; w != "" {
				want, err = strconv.ParseFloat(w, 64)
			}
			if err != nil {
				t.Fatal(err)
			}
			const tolerance = 0.05
			if got := float64(res.Bandwidth) / 1e6; math.Abs(got-want) > tolerance*want {
				t.Errorf("got %.4g Mbit/s from %v, want %g", got, res.Source, want)
			}
		})
	}
}
