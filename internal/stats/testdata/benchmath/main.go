// Program benchmath writes what golang.org/x/perf/benchmath computes of ../samples.tsv:
//
//	go run . <../samples.tsv >../benchmath.tsv
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/perf/benchmath"
)

func main() {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			fmt.Printf("# %s %s\n", d.Path, d.Version)
		}
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		row := strings.Split(in.Text(), "\t")
		x, y := sample(row[1]), sample(row[2])
		s := benchmath.AssumeNothing.Summary(x, 0.95)
		fmt.Printf("%s\tmedian\t%.15g\n", row[0], s.Center)
		fmt.Printf("%s\tmedian low\t%.15g\n%s\tmedian high\t%.15g\n", row[0], s.Lo, row[0], s.Hi)
		fmt.Printf("%s\tconfidence\t%.15g\n", row[0], s.Confidence)
		fmt.Printf("%s\tp\t%.15g\n", row[0], benchmath.AssumeNothing.Compare(x, y).P)
	}
	if err := in.Err(); err != nil {
		log.Fatal(err)
	}
}

func sample(text string) *benchmath.Sample {
	var values []float64
	for v := range strings.SplitSeq(text, ",") {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			log.Fatal(err)
		}
		values = append(values, f)
	}
	return benchmath.NewSample(values, &benchmath.DefaultThresholds)
}
