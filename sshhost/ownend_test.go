package sshhost_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/sshhost"
)

// TestCommandKillsItsParents has a command kill the process that waits for it, and the supervisor. Its Run returns long before
// its deadline, and what the command has started is ended.
func TestCommandKillsItsParents(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, r runner) {
		for _, test := range []struct {
			name, command string
			lost          bool // want ErrLost, and no exit status
		}{
			{"parent", "(setsid %[1]s &); kill -9 $PPID; %[1]s", false},
			{"supervisor", "(setsid %[1]s &); set -- $(cat /proc/$PPID/stat); kill -9 $4; %[1]s", true},
		} {
			nap := napper()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := r.Run(ctx, strings.ReplaceAll(test.command, "%[1]s", nap), nil, nil)
			if errors.Is(err, sshhost.ErrLost) != test.lost || exitStatus(err) != map[bool]int{false: 137}[test.lost] || ctx.Err() != nil {
				t.Errorf("%s: got %v, want ErrLost: %v", test.name, err, test.lost)
			}
			if strings.HasSuffix(t.Name(), "/tinyssh") && test.lost {
				r.Run(t.Context(), "true", nil, nil) // tinysshd closes the connection, so the next command ends what is left
			}
			waitGone(t, nap, 5*time.Second)
		}
	})
}
