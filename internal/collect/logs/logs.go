// Package logs reads logs of one's own, as lines to be hunted: any text whose lines stand
// for themselves, of whatever program.
package logs

import (
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/tail"
)

// Connector reads logs.
var Connector = collect.Connector{
	Name:        "logs",
	About:       "logs of your own, hunted for what is known",
	Every:       10 * time.Second,
	Reliability: 'A',
	Telemetry:   true,
	Settings:    tail.Settings{},
	Proven:      "files rotated by logrotate 3.21, and packed by gzip 1.12",
	Open:        tail.Open("", nil),
}
