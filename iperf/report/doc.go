// Package report reads what iperf prints: iperf 2 and iperf 3, text, CSV and JSON.
package report
