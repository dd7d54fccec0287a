// Package evidence asks a host what its kernel knows of the path that a test takes, and reads the
// answers.
//
// The commands that this package builds are for a POSIX shell. They install nothing, write no file
// and work for an ordinary user. A tool or file that a host lacks leaves its part of the answer
// out. [Path] holds one end's evidence: the route to the other end, the device it goes through, and
// the differences of the kernel's counters over the test. A value that a host did not show is nil,
// empty or missing, and never 0.
//
// A run of package iperf uses three commands on each host:
//
//	[Around]  the counters right before and after iperf, in the command line that runs it, so that they cost no round trip
//	[Before]  the route, its devices and the kernel's settings, beside the test
//	[During]  sockets, queues and processors, sampled while the test runs
//
// [Read] makes a Path of their output.
package evidence
