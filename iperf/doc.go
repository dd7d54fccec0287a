// Package iperf runs iperf 2 or iperf 3 between two hosts and returns one bandwidth with everything behind it.
package iperf
