// Package zeek reads the logs of Zeek, in columns or in JSON, as lines to be hunted.
//
// Zeek moves its logs into a folder for each day and packs them there: with the usual path
// they are read on from where they were read up to.
package zeek

import (
	"bytes"
	"errors"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/tail"
)

// usual is where Zeek keeps its logs: those of now in the folder "current".
const usual = "/opt/zeek/logs/*/*.log*"

// Connector reads the logs of Zeek.
var Connector = collect.Connector{
	Name:        "zeek",
	About:       "logs of Zeek, in columns or JSON, hunted for what is known",
	Every:       10 * time.Second,
	Reliability: 'A',
	Telemetry:   true,
	Settings:    tail.Settings{},
	Open:        tail.Open(usual, judge),
}

// judge passes over lines in no form of Zeek's: values in columns that nobody named, and
// what is neither those nor JSON.
func judge(env collect.Env, p tail.Piece) []byte {
	columns := len(p.Header) > 0
	out := make([]byte, 0, len(p.Text))
	odd := 0
	for line := range bytes.Lines(p.Text) {
		switch {
		case bytes.HasPrefix(line, []byte("#")):
			columns = columns || bytes.HasPrefix(line, []byte("#fields\t"))
		case bytes.HasPrefix(line, []byte("{")):
		case columns && bytes.IndexByte(line, '\t') > 0:
		case len(bytes.TrimSpace(line)) == 0:
			continue
		default:
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

var errForm = errors.New("lines that are neither JSON nor values in columns with names are passed over; connector logs reads any")
