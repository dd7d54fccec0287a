package native

import "os"

var interrupt = os.Interrupt
