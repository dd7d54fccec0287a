package iperf

import "fmt"

// A SettingError is a setting that is out of range by itself, or that the program's version does not take. Iperf.Check and
// a run's errors wrap one for each.
type SettingError struct {
	Field   string // such as "Client.Port"
	Value   string
	Allowed string // what it must be
}

// Error returns "bad settings: Client.Port is 70000: must be from 0 to 65535".
func (e *SettingError) Error() string {
	return fmt.Sprintf("%v: %s is %s: must be %s", ErrSettings, e.Field, e.Value, e.Allowed)
}

// Unwrap returns ErrSettings.
func (e *SettingError) Unwrap() error { return ErrSettings }
