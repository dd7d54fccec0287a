//go:build darwin || freebsd

package native

import (
	"errors"
	"syscall"
)

func isNoBuffers(err error) bool { return errors.Is(err, syscall.ENOBUFS) }
