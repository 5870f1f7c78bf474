package cowrie

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// event is a line of cowrie.json, as far as it is of use.
type event struct {
	ID       string `json:"eventid"`
	Session  string `json:"session"`
	Source   string `json:"src_ip"`
	Port     uint16 `json:"dst_port"`
	Protocol string `json:"protocol"`
	Time     string `json:"timestamp"`
	Username string `json:"username"`
	Version  string `json:"version"`
	Input    string `json:"input"`
	URL      string `json:"url"`
	Digest   string `json:"shasum"`
	Filename string `json:"filename"`
	DestFile string `json:"destfile"`

	at time.Time
}

// read reads a line; one of another sort of program has no ID.
func read(line []byte) (e event, err error) {
	if err := collect.CheckDepth(line); err != nil {
		return e, err
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("no event of Cowrie: %w", err)
	}
	if !strings.HasPrefix(e.ID, "cowrie.") {
		return event{}, nil
	}
	if e.at, err = when(e.Time); err != nil {
		return e, err
	}
	if e.at.IsZero() || e.Session == "" || e.Source == "" {
		return e, fmt.Errorf("event %s without session, src_ip or timestamp: %w", e.ID, intel.ErrInvalid)
	}
	if len(e.Session) > longestID || len(e.Source) > longestID {
		return e, fmt.Errorf("session or src_ip of more than %d bytes: %w", longestID, intel.ErrInvalid)
	}
	return e, nil
}

// longestID is how many bytes what tells sessions apart may have.
const longestID = 100

func when(text string) (time.Time, error) {
	at, err := collect.Time(text)
	if err == nil {
		return at, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, err
}
