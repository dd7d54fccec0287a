// Package report reads what iperf prints: iperf 2 and iperf 3 of every version in use, client and server, text, CSV and
// JSON. It recognises the format from the text itself.
//
//	rep, err := report.Parse(file)
//
// # What is in a report
//
// A Report holds up to two flows: Forward is the traffic from iperf's client to its server, Reverse from its server to
// its client, whichever end printed it. A Flow holds intervals, in which parallel streams are summed, the streams' own
// intervals, and totals. Every total says whose count it is: Sent is the sender's, Received the receiver's.
//
// A number is never made up. What was not printed is nil, or not among the Has of its struct; it is never 0. iperf
// prints zeros for a count that it did not get from the other end, and for what a sender cannot know: those are left
// out. What iperf printed is there as it was printed, even where it is nonsense, with a warning.
//
// Where iperf printed the sum of parallel streams, the sum is used. Where it did not, the streams are added up, and a
// warning says so. A sum of both directions, which some tests of iperf 2 print, is neither's: it stands in Mixed.
//
// Bits have decimal prefixes and bytes have binary ones, as iperf has them: 1 Mbits/sec is 10⁶ bit/s, 1 MBytes is 2²⁰
// bytes. Times of a test count from its start. A moment that iperf printed without its time zone is taken as UTC.
//
// The histograms of iperf 2 are in the streams, with the numbers that iperf prints: it rounds every delay to a bin.
//
// # Faults
//
// A line that cannot be read becomes a *SyntaxError among the warnings, and reading goes on. Output that stops early
// gives everything up to there. The error that Parse returns wraps the kinds of failure, to be told apart with
// errors.Is: ErrNoBandwidth, ErrIncomplete, ErrNotUnderstood, and what iperf itself said, such as ErrServerBusy, which
// is in Report.Err, too. ClassifyError does the same for what iperf printed to its standard error.
//
// # What stands around it
//
// An output may have been through much: UTF-16 as the shells of Windows write it, colours, every way to end a line,
// times and names before each line, "> ", the lines that mail has wrapped, the marks of pages, the loss of its newlines. It
// may stand in another program's JSON, as a document, as a string, as a list of lines, or a line in each of many records.
// Outputs whose lines come in turn behind the names of hosts or containers are kept apart. Where a file holds several outputs, such as both ends' or those of
// several runs, each is a test of its own; what both ends of one connection print to one terminal is the client's.
// Rows of CSV of other hosts, and rows behind another name, are of another test.
//
// # Following a test
//
// A Parser calls a function with every interval as soon as its line is complete; its Reverse tells which way it went.
// With Discard it keeps none, so that memory does not grow. ParseAll gives the tests of a server that served several,
// each as it ends.
//
// # What the text does not tell
//
// The rows of iperf 2's CSV are the same at both ends since 2.0.14. Which end printed them follows from UDP's loss and
// from intervals over TCP; of a TCP total alone it does not, which is then in Unlabelled, unless Parser.Role tells.
// A server's row of 2.0.14 with -R is like that of an older server that receives, of whom there are more, until a row of
// the test's tail tells; so the Reverse of its intervals may come out as false at first.
// The text of an iperf 3 server that receives does not tell TCP from SCTP without -V, so that Protocol is unknown.
//
// How the text becomes a report is at the top of reader.go.
package report
