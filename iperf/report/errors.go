package report

import "errors"

// The kinds of failure that iperf's own output tells. Report.Err and the errors of the readers wrap them.
var (
	ErrNoBandwidth       = errors.New("no bandwidth was reported")
	ErrIncomplete        = errors.New("output is incomplete")
	ErrNotUnderstood     = errors.New("output is not understood") // not iperf's, or of a format that no reader knows
	ErrConnectionRefused = errors.New("connection refused")
	ErrUnreachable       = errors.New("host unreachable") // no route, network down, or the name is unknown
	ErrServerBusy        = errors.New("server is busy")
	ErrPortInUse         = errors.New("port is in use")
	ErrUnsupported       = errors.New("option is not supported") // by that version of the program or by its build
	ErrTimeout           = errors.New("timed out")
	ErrPeerLost          = errors.New("the other end went away") // it was ended, or the control connection closed
	ErrInterrupted       = errors.New("iperf was interrupted")   // this end got a signal
)
