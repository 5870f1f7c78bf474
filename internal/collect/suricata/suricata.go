// Package suricata reads what Suricata writes to eve.json, as lines to be hunted.
package suricata

import (
	"bytes"
	"errors"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/tail"
)

// usual is where Suricata keeps it, rotated ones too.
const usual = "/var/log/suricata/eve.json*"

// Connector reads eve.json.
var Connector = collect.Connector{
	Name:        "suricata",
	About:       "events of Suricata (eve.json), hunted for what is known",
	Every:       10 * time.Second,
	Reliability: 'A',
	Telemetry:   true,
	Settings:    tail.Settings{},
	Open:        tail.Open(usual, judge),
}

// judge passes over what Suricata says of itself, several kilobytes each few seconds, and
// what is no event.
func judge(env collect.Env, p tail.Piece) []byte {
	out := make([]byte, 0, len(p.Text))
	odd := 0
	for line := range bytes.Lines(p.Text) {
		switch {
		case len(bytes.TrimSpace(line)) == 0 || bytes.Contains(line, []byte(`"event_type":"stats"`)):
			continue
		case !bytes.HasPrefix(line, []byte("{")) || !bytes.Contains(line, []byte(`"event_type"`)):
			odd++
			continue
		}
		out = append(out, line...)
	}
	if odd > 0 && env.Reject != nil {
		env.Reject(p.Name, errForm)
	}
	return out
}

var errForm = errors.New("lines that are no events of Suricata are passed over; connector logs reads any")
