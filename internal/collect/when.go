package collect

import (
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Time reads a time as feeds write it; it is in UTC where no zone is given. An
// empty one is unknown.
func Time(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02T15:04:05", time.DateOnly, "2006-01-02 15:04:05 UTC", "2006/01/02"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q: %w", s, intel.ErrInvalid)
}

// Day returns the day in a URL such as …/2020/07/09/…, else zero.
func Day(link string) time.Time {
	parts := strings.Split(link, "/")
	for i := 0; i+2 < len(parts); i++ {
		if at, err := time.Parse("2006/01/02", strings.Join(parts[i:i+3], "/")); err == nil {
			return at
		}
	}
	return time.Time{}
}
