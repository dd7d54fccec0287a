package stats

import (
	_ "embed"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The samples, and what R and benchmath compute of them. testdata holds the programs that wrote the
// two files.
var (
	//go:embed testdata/samples.tsv
	samplesTSV string
	//go:embed testdata/r.tsv
	rTSV string
	//go:embed testdata/benchmath.tsv
	benchmathTSV string
)

type pair struct{ x, y []float64 }

func samples(t *testing.T) map[string]pair {
	all := map[string]pair{}
	for _, row := range rows(samplesTSV) {
		all[row[0]] = pair{numbers(t, row[1]), numbers(t, row[2])}
	}
	return all
}

func rows(text string) (all [][]string) {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, strings.Split(strings.TrimSpace(line), "\t"))
		}
	}
	return all
}

func numbers(t *testing.T, text string) (all []float64) {
	t.Helper()
	for v := range strings.SplitSeq(text, ",") {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

func TestAgainstR(t *testing.T) {
	all := samples(t)
	for _, row := range rows(rTSV) {
		s, statistic, want := all[row[0]], row[1], numbers(t, row[2])[0]
		var got float64
		shift := func(high bool) float64 {
			var differences []float64
			for _, x := range s.x {
				for _, y := range s.y {
					differences = append(differences, y-x)
				}
			}
			slices.Sort(differences)
			k, _ := ShiftInterval(len(s.x), len(s.y), 0.95)
			if high {
				return differences[len(differences)-k]
			}
			return differences[k-1]
		}
		switch p, percentile := strings.CutPrefix(statistic, "percentile "); {
		case percentile:
			got = Percentile(s.x, numbers(t, p)[0])
		case statistic == "mean":
			got = Mean(s.x)
		case statistic == "stddev":
			got = StdDev(s.x)
		case statistic == "p exact":
			got = MannWhitney(s.x, s.y)
		case statistic == "p normal":
			ranks, sum := rank(s.x, s.y)
			got = normalP(ranks, len(s.x), sum)
		case statistic == "shift low":
			got = shift(false)
		case statistic == "shift high":
			got = shift(true)
		default:
			t.Fatalf("%s: unknown statistic %q", row[0], statistic)
		}
		if math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%s: %s: got %.15g, R has %.15g", row[0], statistic, got, want)
		}
	}
}

// TestAgainstBenchmath compares with what benchstat prints. There are two differences. The
// distribution of rank sums is not symmetric if there are ties: benchmath doubles its smaller tail,
// and MannWhitney adds up both, as R's coin does. And benchmath's interval of the median need not be
// symmetric, so ours contains it and has at least its confidence.
func TestAgainstBenchmath(t *testing.T) {
	want := map[string]map[string]float64{}
	for _, row := range rows(benchmathTSV) {
		if want[row[0]] == nil {
			want[row[0]] = map[string]float64{}
		}
		want[row[0]][row[1]] = numbers(t, row[2])[0]
	}
	for name, s := range samples(t) {
		w := want[name]
		near := func(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*math.Abs(want) }
		if got := Percentile(s.x, 50); !near(got, w["median"], 1e-12) {
			t.Errorf("%s: median: got %g, want %g", name, got, w["median"])
		}
		if got := MannWhitney(s.x, s.y); name == "ties" && (got >= w["p"] || got <= w["p"]/2) || name != "ties" && !near(got, w["p"], 1e-3) {
			t.Errorf("%s: p: got %.15g, want %.15g", name, got, w["p"])
		}
		k, confidence := MedianInterval(len(s.x), 0.95)
		if none := math.IsInf(w["median low"], -1); none || k == 0 {
			if !none || k != 0 {
				t.Errorf("%s: only one of the two has an interval of the median", name)
			}
			continue
		}
		sorted := slices.Sorted(slices.Values(s.x))
		if low, high := sorted[k-1], sorted[len(sorted)-k]; low > w["median low"] && !near(low, w["median low"], 1e-12) ||
			high < w["median high"] && !near(high, w["median high"], 1e-12) || confidence < w["confidence"]-1e-9 {
			t.Errorf("%s: got %g to %g with %g, want %g to %g with %g at least",
				name, low, high, confidence, w["median low"], w["median high"], w["confidence"])
		}
	}
}
