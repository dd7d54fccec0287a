// Package evidence asks a host what its kernel knows of the path that a test takes, and reads the
// answers.
//
// The commands that this package builds are for a POSIX shell. They install nothing, write no file
// and work for an ordinary user. A tool or file that a host lacks leaves its part of the answer
// out. [Path] holds one end's evidence: the route to the other end, the device it goes through, and
// the differences of the kernel's counters over the test. A value that a host did not show is nil,
// empty or missing, and never 0.
//
// A run of package iperf uses it in three steps on each host:
//
//	[Before]  counters first, then the route, the device and the kernel's settings; side by side with the server's start
//	[During]  sockets, queues and processors, sampled while the test runs
//	[After]   the counters again, in the command line that runs iperf, so that they cost no round trip
//
// [Read] makes a Path of the three answers.
package evidence
