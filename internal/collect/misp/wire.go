package misp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// listed is an event of a manifest, or as far as it is told apart: which, and when it was
// changed.
type listed struct {
	UUID string `json:"uuid"`
	At   stamp  `json:"timestamp"`
}

func (l listed) key() []string { return []string{l.UUID, strconv.FormatInt(int64(l.At), 10)} }

// stamp is a time in seconds, which MISP writes as a number or as a text.
type stamp int64

// UnmarshalJSON implements json.Unmarshaler. What is none is the beginning.
func (s *stamp) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64)
	if err != nil || n < 0 || n > 1<<33 {
		n = 0
	}
	*s = stamp(n)
	return nil
}

// manifest reads which events a feed has, those that were changed first before the others.
func manifest(body []byte) ([]listed, error) {
	if err := collect.CheckDepth(body); err != nil {
		return nil, err
	}
	var by map[string]listed
	if err := json.Unmarshal(body, &by); err != nil {
		return nil, fmt.Errorf("no manifest of a MISP feed: %w", err)
	}
	var all []listed
	for uuid, l := range by {
		l.UUID = uuid
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b listed) int {
		if a.At != b.At {
			return int(a.At - b.At)
		}
		return strings.Compare(a.UUID, b.UUID)
	})
	return all, nil
}

// isUUID reports whether a name of an event is one, and so no way to another file.
func isUUID(s string) bool {
	return len(s) == 36 && strings.Trim(s, "0123456789abcdefABCDEF-") == ""
}

// found is the events of an answer of a search, each as it stands in a file of its own.
func found(body []byte) (events []json.RawMessage, err error) {
	if err := collect.CheckDepth(body); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("[")) {
		err = json.Unmarshal(body, &events)
	} else {
		var answer struct {
			Response *[]json.RawMessage `json:"response"`
		}
		if err = json.Unmarshal(body, &answer); err == nil && answer.Response == nil {
			err = fmt.Errorf("it has no response: %w", intel.ErrInvalid)
		} else if err == nil {
			events = *answer.Response
		}
	}
	if err != nil {
		return nil, fmt.Errorf("no answer of a MISP server: %w", err)
	}
	return events, nil
}

// which is the event of an answer.
func which(event []byte) (listed, error) {
	var e struct {
		Event listed `json:"Event"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return listed{}, err
	}
	if e.Event.UUID == "" {
		return listed{}, fmt.Errorf("no uuid: %w", intel.ErrInvalid)
	}
	return e.Event, nil
}
