// Package native is an iperf3 in pure Go: client and server of iperf 3's protocol over TCP and UDP, with the flags and
// the output of the C program.
package native
