package reference

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Exploited is an entry of CISA's catalogue: the body of an item of the kev
// pack. Its key is the CVE.
type Exploited struct {
	Vendor     string   `json:"vendor"`
	Product    string   `json:"product"`
	Name       string   `json:"name"`
	Added      string   `json:"added"` // date
	Due        string   `json:"due,omitempty"`
	Summary    string   `json:"summary,omitempty"`
	Action     string   `json:"action,omitempty"`
	Ransomware bool     `json:"ransomware,omitempty"` // known to be used by ransomware campaigns
	Weaknesses []string `json:"weaknesses,omitempty"`
}

// Likelihood is an EPSS score: the body of an item of the epss pack. Its key is
// the CVE.
type Likelihood struct {
	Score      float64 `json:"score"`
	Percentile float64 `json:"percentile"`
	Date       string  `json:"date"`
}

var cveID = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,12}$`)

// readKEV reads CISA's catalogue.
func readKEV(ctx context.Context, fsys fs.FS, p *Pack) error {
	files, err := find(ctx, fsys, func(f string) bool {
		return strings.TrimSuffix(path.Base(f), ".gz") == "known_exploited_vulnerabilities.json"
	})
	if err != nil {
		return err
	}
	return read(ctx, fsys, files[0], func(r io.Reader) error { return parseKEV(r, p) })
}

func parseKEV(r io.Reader, p *Pack) error {
	found := false
	err := elements(r, "vulnerabilities", func(key string, v json.RawMessage) error {
		if key == "catalogVersion" {
			p.Version = clip(strings.Trim(string(v), `"`), maxName)
		}
		return nil
	}, func(raw json.RawMessage) error {
		found = true
		var v struct {
			CVE, Vendor, Product, Name, Added, Due, Summary, Action, Ransomware string
			Weaknesses                                                          texts
		}
		fields := map[string]any{"cveID": &v.CVE, "vendorProject": &v.Vendor, "product": &v.Product, "vulnerabilityName": &v.Name,
			"dateAdded": &v.Added, "dueDate": &v.Due, "shortDescription": &v.Summary, "requiredAction": &v.Action,
			"knownRansomwareCampaignUse": &v.Ransomware, "cwes": &v.Weaknesses}
		var all map[string]json.RawMessage
		if err := json.Unmarshal(raw, &all); err != nil {
			return err
		}
		for key, to := range fields {
			if b, ok := all[key]; ok {
				if err := json.Unmarshal(b, to); err != nil {
					return fmt.Errorf("%s: %w", key, err)
				}
			}
		}
		if !cveID.MatchString(v.CVE) {
			return fmt.Errorf("cveID %q: %w", clip(v.CVE, maxName), intel.ErrInvalid)
		}
		return p.add(v.CVE, Exploited{Vendor: clip(v.Vendor, maxName), Product: clip(v.Product, maxName), Name: clip(v.Name, maxText),
			Added: clip(v.Added, 10), Due: clip(v.Due, 10), Summary: clip(v.Summary, maxText), Action: clip(v.Action, maxText),
			Ransomware: v.Ransomware == "Known", Weaknesses: clipAll(v.Weaknesses, maxRefs, maxName)})
	})
	if err == nil && !found {
		err = fmt.Errorf("no vulnerabilities in it: %w", intel.ErrInvalid)
	}
	return err
}

var scoresName = regexp.MustCompile(`^epss_scores-([0-9]{4}-[0-9]{2}-[0-9]{2}|current)\.csv(?:\.gz)?$`)

// readEPSS reads the scores of the newest day. "current" sorts after every
// date, and is.
func readEPSS(ctx context.Context, fsys fs.FS, p *Pack) error {
	files, err := find(ctx, fsys, func(f string) bool { return scoresName.MatchString(path.Base(f)) })
	if err != nil {
		return err
	}
	newest := slices.MaxFunc(files, func(a, b string) int { return cmp.Compare(path.Base(a), path.Base(b)) })
	date := scoresName.FindStringSubmatch(path.Base(newest))[1]
	return read(ctx, fsys, newest, func(r io.Reader) error { return parseEPSS(r, date, p) })
}

func parseEPSS(r io.Reader, date string, p *Pack) error {
	head := scoresHead{Date: date}
	err := scoreLines(r, &head, func(cve, score, percentile string) {
		p.Items = append(p.Items, Item{cve, likelihood(score, percentile, head.Date)})
	})
	p.Version = head.Date
	return err
}

// likelihood writes a [Likelihood]; json.Marshal takes five times as long for
// the 300,000 of them.
func likelihood(score, percentile, date string) json.RawMessage {
	s, _ := strconv.ParseFloat(score, 64)
	q, _ := strconv.ParseFloat(percentile, 64)
	b := append(make([]byte, 0, 64), `{"score":`...)
	b = strconv.AppendFloat(b, s, 'f', -1, 64)
	b = append(b, `,"percentile":`...)
	b = strconv.AppendFloat(b, q, 'f', -1, 64)
	b = append(b, `,"date":"`...)
	b = append(b, date...)
	return slices.Clip(append(b, `"}`...))
}

func share(s string) bool {
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && f >= 0 && f <= 1
}

var recordName = regexp.MustCompile(`^CVE-[0-9]{4}-[0-9]{4,12}\.json(?:\.gz)?$`)

// readCVE reads CVE records in the CVE JSON 5 form: files of one record a line,
// named cve….ndjson or cve….jsonl, and single files CVE-….json. Of several
// records of a CVE the last updated counts.
func readCVE(ctx context.Context, fsys fs.FS, p *Pack) error {
	files, err := find(ctx, fsys, func(f string) bool {
		base := path.Base(f)
		name := strings.TrimSuffix(strings.ToLower(base), ".gz")
		return recordName.MatchString(base) ||
			strings.HasPrefix(name, "cve") && (strings.HasSuffix(name, ".ndjson") || strings.HasSuffix(name, ".jsonl"))
	})
	if err != nil {
		return err
	}
	for _, f := range files {
		err := read(ctx, fsys, f, func(r io.Reader) error {
			if recordName.MatchString(path.Base(f)) {
				return parseRecord(r, p)
			}
			return parseRecords(r, p)
		})
		if err != nil {
			return err
		}
	}
	// Keys are made unique by seal, which keeps the last.
	slices.SortStableFunc(p.Items, func(a, b Item) int { return cmp.Compare(updated(a.Body), updated(b.Body)) })
	if len(p.Items) > 0 {
		p.Version = updated(p.Items[len(p.Items)-1].Body)
	}
	return nil
}

// updated returns the date of a record without decoding it: it stands first.
func updated(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`{"updated":"`))
	date, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(date)
}

func parseRecord(r io.Reader, p *Pack) error {
	body, err := io.ReadAll(io.LimitReader(r, maxItem+1))
	if err != nil {
		return err
	}
	if len(body) > maxItem {
		return fmt.Errorf("record larger than %d bytes: %w", maxItem, intel.ErrInvalid)
	}
	return addRecord(body, p)
}

func parseRecords(r io.Reader, p *Pack) error {
	lines := bufio.NewReaderSize(r, 1<<16)
	for n := 1; ; n++ {
		line, err := longLine(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("line %d: %w", n, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := addRecord(line, p); err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
		}
		if err != nil {
			return nil
		}
		if len(p.Items) > maxItems {
			return fmt.Errorf("more than %d records: %w", maxItems, intel.ErrInvalid)
		}
	}
}

// longLine reads a line of at most maxItem bytes.
func longLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxItem {
			return nil, fmt.Errorf("longer than %d bytes: %w", maxItem, intel.ErrInvalid)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
