package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// catalogued says in a few sentences what the catalogues held of a
// vulnerability then (zero: now): its record, whether it is known to be
// exploited, and how likely EPSS holds that. Catalogues are reference, never
// evidence. Of a past day it leaves out what cannot be told: neither kept as of
// then nor dated by its publisher.
func (ed *Editor) catalogued(ctx context.Context, e intel.Entity, then time.Time) (string, error) {
	if e.Kind != intel.Vulnerability {
		return "", nil
	}
	var record reference.Record
	kept, err := ed.item(ctx, "cve", e.Name, then, &record)
	if err != nil {
		return "", err
	}
	var parts []string
	if kept || published(record.Updated, then) {
		if s := record.Summary(); s != "" {
			parts = append(parts, s)
		}
		if record.CVSS != nil {
			parts = append(parts, fmt.Sprintf("CVSS %s %.1f %s.", record.CVSS.Version, record.CVSS.Score, strings.ToLower(record.CVSS.Severity)))
		}
	}
	var kev reference.Exploited
	if kept, err = ed.item(ctx, "kev", e.Name, then, &kev); err != nil {
		return "", err
	}
	if published(kev.Added, then) {
		s := "Known to be exploited, listed by CISA on " + kev.Added
		if kept && kev.Ransomware {
			s += ", in ransomware campaigns too"
		}
		parts = append(parts, s+".")
	}
	var epss reference.Likelihood
	if _, err = ed.item(ctx, "epss", e.Name, then, &epss); err != nil {
		return "", err
	}
	if published(epss.Date, then) {
		parts = append(parts, fmt.Sprintf("EPSS %.3f on %s.", epss.Score, epss.Date))
	}
	return strings.Join(parts, " "), nil
}

// published reports whether a date that begins with a day, as catalogues write
// it, is known and not after then (zero: now).
func published(date string, then time.Time) bool {
	return date != "" && (then.IsZero() || date[:min(len(date), len(time.DateOnly))] <= then.UTC().Format(time.DateOnly))
}

// item reads an item of a pack, if there is one, and reports whether it is what
// was in force then (zero: now), and not one that came later.
func (ed *Editor) item(ctx context.Context, pack, key string, then time.Time, into any) (bool, error) {
	it, err := ed.DB.PackItem(ctx, pack, key, then)
	if errors.Is(err, intel.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(it.Body, into); err != nil {
		return false, fmt.Errorf("pack %s: item %s: %w", pack, key, err)
	}
	return then.IsZero() || !it.Since.After(then), nil
}
