package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// catalogued says in a few sentences what the catalogues hold of a
// vulnerability: its record, whether it is known to be exploited, and how
// likely EPSS holds that. Catalogues are reference, never evidence.
func (ed *Editor) catalogued(ctx context.Context, e intel.Entity) (string, error) {
	if e.Kind != intel.Vulnerability {
		return "", nil
	}
	var parts []string
	var record reference.Record
	found, err := ed.item(ctx, "cve", e.Name, &record)
	if err != nil {
		return "", err
	}
	if found {
		if record.Description != "" {
			parts = append(parts, firstSentence(record.Description))
		}
		if record.CVSS != nil {
			parts = append(parts, fmt.Sprintf("CVSS %s %.1f %s.", record.CVSS.Version, record.CVSS.Score, strings.ToLower(record.CVSS.Severity)))
		}
	}
	var kev reference.Exploited
	if found, err = ed.item(ctx, "kev", e.Name, &kev); err != nil {
		return "", err
	}
	if found {
		s := "Known to be exploited, listed by CISA on " + kev.Added
		if kev.Ransomware {
			s += ", in ransomware campaigns too"
		}
		parts = append(parts, s+".")
	}
	var epss reference.Likelihood
	if found, err = ed.item(ctx, "epss", e.Name, &epss); err != nil {
		return "", err
	}
	if found {
		parts = append(parts, fmt.Sprintf("EPSS %.3f on %s.", epss.Score, epss.Date))
	}
	return strings.Join(parts, " "), nil
}

// item reads one item of a pack and reports whether there is one.
func (ed *Editor) item(ctx context.Context, pack, key string, into any) (bool, error) {
	body, err := ed.DB.PackItem(ctx, pack, key)
	if errors.Is(err, intel.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return false, fmt.Errorf("pack %s: item %s: %w", pack, key, err)
	}
	return true, nil
}
