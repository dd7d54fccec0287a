//go:build !windows

package native

import "syscall"

const interrupt = syscall.SIGINT
