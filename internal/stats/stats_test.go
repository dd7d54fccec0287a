package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMannWhitneyAgainstPublishedValues(t *testing.T) {
	upTo := func(n, step int) (rates []float64) {
		for i := range n {
			rates = append(rates, float64((i+1)*step))
		}
		return rates
	}
	for _, test := range []struct {
		name          string
		x, y          []float64
		exact, normal float64 // 0: not published
	}{
		{"SciPy's documentation", []float64{19, 22, 16, 29, 24}, []float64{20, 11, 17, 12}, 0.1111111111, 0.11134688653},
		{
			"Hollander and Wolfe's permeability, one-sided 0.1272 in R's documentation",
			[]float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}, []float64{1.15, 0.88, 0.90, 0.74, 1.21}, 0.2544, 0,
		},
		{"ties, by R's coin", upTo(10, 1), upTo(12, 2), 0.01188904, 0},
		{"ties, by SciPy", []float64{1, 2, 3, 4, 5}, []float64{3, 4, 5, 6, 7}, 0, 0.11385},
		{"all equal", []float64{1, 1, 1}, []float64{1, 1}, 1, 1},
		{"as far apart as can be", []float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}, 2. / 70, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, swap := range []bool{false, true} {
				x, y := test.x, test.y
				if swap {
					x, y = y, x
				}
				ranks, sum := rank(x, y)
				if got := exactP(ranks, len(x), sum); test.exact > 0 && math.Abs(got-test.exact) > 4e-4*test.exact {
					t.Errorf("exact: got %.10g, want %g", got, test.exact)
				}
				if got := normalP(ranks, len(x), sum); test.normal > 0 && math.Abs(got-test.normal) > 5e-5 {
					t.Errorf("approximation: got %.10g, want %g", got, test.normal)
				}
			}
		})
	}
}

// chosen is every way to choose n of all, as the bits of a number.
func chosen(n, all int, yield func(mask uint)) {
	for mask := range uint(1) << all {
		ones := 0
		for rest := mask; rest != 0; rest &= rest - 1 {
			ones++
		}
		if ones == n {
			yield(mask)
		}
	}
}

// With few values, of which many are equal, all ways to draw one sample can be gone through by the test's definition.
func TestMannWhitneyAgainstEnumeration(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, m, different := 1+random.IntN(4), 1+random.IntN(5), 1+random.IntN(5)
		all := make([]float64, n+m)
		for i := range all {
			all[i] = float64(random.IntN(different))
		}
		distance := func(mask uint) float64 { // of U from its mean
			u := float64(-n*m) / 2
			for i, x := range all {
				for j, y := range all {
					switch {
					case mask>>i&1 == 0 || mask>>j&1 == 1:
					case x > y:
						u++
					case x == y:
						u += 0.5
					}
				}
			}
			return math.Abs(u)
		}
		var extreme, total float64
		chosen(n, n+m, func(mask uint) {
			total++
			if distance(mask) >= distance(1<<n-1) {
				extreme++
			}
		})
		if got, want := MannWhitney(all[:n], all[n:]), extreme/total; math.Abs(got-want) > 1e-12 {
			t.Errorf("%v and %v: got %g, want %g", all[:n], all[n:], got, want)
		}
	}
}

func TestApproximationMeetsTheExactValue(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 4 {
		x, y := make([]float64, 50), make([]float64, 50)
		for i := range x {
			x[i], y[i] = float64(random.IntN(40)), float64(random.IntN(40)+4)
		}
		ranks, sum := rank(x, y)
		if exact, normal := exactP(ranks, 50, sum), normalP(ranks, 50, sum); math.Abs(exact-normal) > 0.002 {
			t.Errorf("exact %g, approximation %g", exact, normal)
		}
	}
}

// The critical values of U, as tables give them for two sides and 5 %, are one less.
func TestShiftOrderAgainstTables(t *testing.T) {
	for sizes, critical := range map[[2]int]int{
		{4, 4}: 0, {3, 5}: 0, {2, 8}: 0, {5, 5}: 2, {6, 6}: 5, {7, 7}: 8, {8, 8}: 13, {9, 9}: 17, {10, 10}: 23, {12, 12}: 37, {15, 15}: 64,
		{20, 20}: 127, {5, 10}: 8, {10, 20}: 55, {3, 4}: -1, {1, 30}: -1, {3, 3}: -1, {0, 9}: -1,
	} {
		for _, s := range [][2]int{sizes, {sizes[1], sizes[0]}} {
			k, level := ShiftInterval(s[0], s[1], 0.95)
			if k != critical+1 || k > 0 && level < 0.95 {
				t.Errorf("%v: got %d with %g, want %d", s, k, level, critical+1)
			}
		}
	}
	exact, _ := ShiftInterval(50, 50, 0.95)
	approximate, _ := ShiftInterval(51, 50, 0.95)
	if approximate < exact || approximate > exact+30 {
		t.Errorf("50 and 50: %d; 51 and 50: %d", exact, approximate)
	}
}

// The critical values of the sign test, as tables give them for two sides and 5 %, are one less.
func TestMedianOrderAgainstTables(t *testing.T) {
	for n, critical := range map[int]int{
		6: 0, 7: 0, 8: 0, 9: 1, 10: 1, 11: 1, 12: 2, 13: 2, 14: 2, 15: 3, 16: 3, 17: 4, 18: 4, 19: 4, 20: 5, 25: 7, 30: 9, 40: 13, 50: 17, 100: 39,
	} {
		if k, level := MedianInterval(n, 0.95); k != critical+1 || level < 0.95 {
			t.Errorf("%d: got %d with %g, want %d", n, k, level, critical+1)
		}
	}
	for n, want := range map[int]float64{6: 0.96875, 9: 0.9609375, 10: 0.978515625} {
		if _, level := MedianInterval(n, 0.95); math.Abs(level-want) > 1e-12 {
			t.Errorf("%d: level %g, want %g", n, level, want)
		}
	}
	for n := range 6 {
		if k, level := MedianInterval(n, 0.95); k != 0 || level != 0 {
			t.Errorf("%d: got %d with %g, want no interval", n, k, level)
		}
	}
	if k, level := MedianInterval(5000, 0.95); k < 2400 || k > 2431 || level < 0.95 || level > 0.96 { // the normal approximation gives 2431
		t.Errorf("5000: got %d with %g", k, level)
	}
}
