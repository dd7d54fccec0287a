package config

import _ "embed"

// Example is a commented file that has every kind of key, and can itself be read.
//
//go:embed example.ini
var Example string
