package native

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// controlTime is how long the other end may take for one step of the control connection's talk.
const controlTime = 30 * time.Second

var errControlClosed = errors.New("control socket has closed unexpectedly")

// control is the control connection.
type control struct{ net.Conn }

func (c control) sendState(s state) error {
	c.SetWriteDeadline(time.Now().Add(controlTime))
	if _, err := c.Write([]byte{byte(s)}); err != nil {
		return fmt.Errorf("unable to send control message: %s", reason(err))
	}
	return nil
}

// sendError tells a client why the server gives up. The test is over, so a failure to tell is no news.
func (c control) sendError(code int32) {
	m := binary.BigEndian.AppendUint32([]byte{byte(0x100 + int(serverError))}, uint32(code))
	c.SetWriteDeadline(time.Now().Add(controlTime))
	c.Write(append(m, 0, 0, 0, 0))
}

// readState waits for the other end's next message, for as long as the deadline that was set allows.
func (c control) readState() (state, error) {
	var b [1]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return 0, controlError("receive control message", err)
	}
	return state(int8(b[0])), nil
}

// expect reads states until want comes, which must be next but for what ends a test early.
func (c control) expect(want state) error {
	c.SetReadDeadline(time.Now().Add(controlTime))
	s, err := c.readState()
	if err != nil {
		return err
	}
	if s == want {
		return nil
	}
	return c.unexpected(s)
}

// unexpected is the error that s stands for, where it ends the test.
func (c control) unexpected(s state) error {
	switch s {
	case accessDenied:
		return errors.New("the server is busy running a test. try again later")
	case serverTerminate:
		return errServerTerminated
	case clientTerminate:
		return errClientTerminated
	case serverError:
		var m [8]byte
		if _, err := io.ReadFull(c, m[:]); err != nil {
			return errors.New("the server reported an error")
		}
		return refusal(int32(binary.BigEndian.Uint32(m[:])))
	}
	return fmt.Errorf("received an unknown control message (%d)", s)
}

var (
	errServerTerminated = errors.New("the server has terminated")
	errClientTerminated = errors.New("the client has terminated")
)

func (c control) writeJSON(what string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("unable to send %s: %w", what, err)
	}
	c.SetWriteDeadline(time.Now().Add(controlTime))
	if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)); err != nil {
		return fmt.Errorf("unable to send %s: %s", what, reason(err))
	}
	return nil
}

// readJSON reads a length of 4 bytes and as many bytes of JSON. The length is a stranger's: it is bounded, and memory
// grows only with what has really come.
func (c control) readJSON(what string, limit int64, v any) error {
	c.SetReadDeadline(time.Now().Add(controlTime))
	return decodeJSON(c, what, limit, v)
}

func decodeJSON(r io.Reader, what string, limit int64, v any) error {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return controlError("receive "+what, err)
	}
	n := int64(binary.BigEndian.Uint32(size[:]))
	if n > limit {
		return fmt.Errorf("unable to receive %s: %d bytes of JSON are more than %d", what, n, limit)
	}
	text, err := io.ReadAll(io.LimitReader(r, n))
	if err == nil && int64(len(text)) < n {
		err = io.EOF
	}
	if err != nil {
		return controlError("receive "+what, err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("unable to receive %s: %w", what, err)
	}
	return nil
}

func controlError(what string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isReset(err) {
		return errControlClosed
	}
	return fmt.Errorf("unable to %s: %s", what, reason(err))
}

// watch calls gone when the other end closes the connection, or says something, before stop is called. To be used while
// it has nothing to say. stop returns when gone will not be called any more, or has returned.
func (c control) watch(gone func()) (stop func()) {
	c.SetReadDeadline(time.Time{})
	stopped := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var b [1]byte
		c.Read(b[:])
		select {
		case <-stopped:
		default:
			gone()
		}
	}()
	return func() {
		close(stopped)
		c.SetReadDeadline(time.Unix(1, 0))
		<-ended
		c.SetReadDeadline(time.Time{})
	}
}
