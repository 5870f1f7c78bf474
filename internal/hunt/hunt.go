// Package hunt finds indicators and fragments of attacks in logs.
//
// A [Set] holds what is looked for, a million indicators in some 60 MB. A
// [Scanner] reads any text log at constant memory: it cuts the bytes into
// tokens, gates those that could be an indicator, and looks them up by hash;
// a domain's parents cost no second pass. Only a line that has a match is
// parsed, to say in which field the match stands. Every step is linear in the
// input, whoever wrote it.
package hunt

import (
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// MostActors is how many actors one indicator keeps.
const MostActors = 5

const (
	// longest is the most bytes of one indicator or fragment.
	longest = 1024
	// mostFragments is how many fragments a set takes.
	mostFragments = 100_000
)

// A Mark is one thing to look for.
type Mark struct {
	Entity      intel.Entity
	Probability float64
	Actors      []string // whom it points to, strongest first; the first five count
	Predicted   bool
	// Vulnerability is the CVE that a fragment belongs to, if known.
	Vulnerability string
}

// A Match is one place in a log where a mark stands.
type Match struct {
	Line        int64 // from 1
	Offset      int64 // of the match in the decompressed log, in bytes
	Entity      intel.Entity
	Probability float64
	Actors      []string
	Predicted   bool
	// Field is where in the line it stands, such as "client", "query.id" or
	// "http.hostname"; empty where the format is not known.
	Field string
	At    time.Time // of the line; zero is unknown
	// Before, Text and After are the line around the match, cut short.
	Before, Text, After string
}

// usable says whether a mark is one that can be looked for in a log and tells
// something where it is found.
func usable(e intel.Entity) bool {
	n := len(e.Name)
	if n == 0 || n > longest || strings.ContainsAny(e.Name, "\n\x00") || common(e) {
		return false
	}
	switch e.Kind {
	case intel.Domain, intel.Onion: // a bare top-level name is no indicator
		return strings.IndexByte(strings.Trim(e.Name, "."), '.') > 0
	case intel.Filename:
		return strings.IndexByte(e.Name, '.') >= 0 || n >= 8
	case intel.Mutex, intel.RegistryKey, intel.Command, intel.Service, intel.ScheduledTask, intel.UserAgent, intel.SSDeep:
		return n >= 6
	case intel.ASN: // no log line speaks of one
		return false
	}
	return e.Kind.Class() == intel.IOC
}
