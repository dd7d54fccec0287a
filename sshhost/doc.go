// Package sshhost runs commands on a machine over SSH, and leaves nothing behind there.
//
// [Dial] connects to a host as OpenSSH's client would: keys from the agent and from ~/.ssh, host keys checked against
// known_hosts. [Host.Run] runs a command and copies its output. [Local] is this machine, with the same methods.
//
// # How a command is run
//
// An SSH server does not end a command because its connection went away. So a command runs under a small supervisor, a
// POSIX sh script that this package starts on the host over an SSH session and that stays there, ready for the next
// command, as long as the Host is open. That has two effects.
//
// The supervisor ends the command, with everything that the command has started, when it is told to, when its standard
// input ends, as it does when this program is killed or the connection breaks, and when it has not heard from this program for
// long, as when a link dies without a word. A command whose context has a deadline is also ended there soon after it.
// Where somebody kills a supervisor, the next one ends what it ran, at once if the connection is still there.
//
// And a command costs neither a new SSH session nor a login shell with its start-up files. These were paid for in Dial.
//
// What a command started is found by its process group and its session, and, when it is ended before its time, also by an
// environment variable, TUNA_RUN, that its processes inherit. Each command has a value of its own. So the daemons of a
// command that has ended live on when its session is lost or closed. A process that has left the session and cleared its
// environment too is not found. One that cannot be ended, as it belongs to another user, makes Run say so with
// [ErrNotEnded]. Where the host has no setsid program or no /proc, the means that are left are used.
//
// # Errors
//
// Every error names its host. Its kind is told by errors.Is and errors.AsType: see [Dial], [Host.Run] and the variables
// below. No error holds a password, a passphrase or a command.
package sshhost
