package report_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// real gives one of the outputs in testdata/real, each of 1 MB or more, as iperf 2.1.8 and 2.2.1, iperf 3.12 and 3.22 printed them.
func real(tb testing.TB, name string) []byte {
	tb.Helper()
	file, err := os.Open(filepath.Join("testdata", "real", name+".gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	unzip, err := gzip.NewReader(file)
	if err != nil {
		tb.Fatal(err)
	}
	text, err := io.ReadAll(unzip)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
