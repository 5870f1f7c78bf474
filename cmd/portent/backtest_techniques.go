package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/forecast/backtest"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	maxReportFile = 256 << 20 // bytes, unpacked
	maxReports    = 50_000
)

// replayTechniques replays which techniques reports name.
func replayTechniques(ctx context.Context, a *app, c *backtestCmd) (backtest.Result, error) {
	if c.Live == "" {
		return backtest.Result{}, usageError{errors.New("techniques needs --live FILE: the IDs of techniques that are not revoked, one a line")}
	}
	text, err := readBounded(c.Data)
	if err != nil {
		return backtest.Result{}, err
	}
	reports, err := parseReports(text)
	if err != nil {
		return backtest.Result{}, notOfForm(err, "a file of TIE's, an object with reports and their mitre_techniques, is wanted")
	}
	ids, err := readBounded(c.Live)
	if err != nil {
		return backtest.Result{}, err
	}
	live := strings.Fields(string(ids))
	if len(live) == 0 {
		return backtest.Result{}, fmt.Errorf("%s: no technique is live: %w", c.Live, intel.ErrInvalid)
	}
	o, done := c.options(a)
	defer done()
	seeds := c.Seed
	if len(seeds) == 0 {
		seeds = backtest.TechniqueSeeds()
	}
	return backtest.Techniques(ctx, reports, live, seeds, o)
}

// readBounded reads a file, unpacked if it is gzipped.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // whoever calls names the file
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	var body io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		if body, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	text, err := io.ReadAll(io.LimitReader(body, maxReportFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > maxReportFile {
		return nil, fmt.Errorf("%s: larger than %d MB: %w", path, maxReportFile>>20, intel.ErrInvalid)
	}
	return text, nil
}

// A tieReport is a report of the Technique Inference Engine's file, as far as
// it is read.
type tieReport struct {
	Techniques map[string]json.RawMessage `json:"mitre_techniques"`
	Origin     string                     `json:"origin_of_data"`
	References []struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"references"`
}

// parseReports reads the file of reports.
func parseReports(text []byte) ([]backtest.Report, error) {
	var file struct {
		Reports []tieReport `json:"reports"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%w: %w", err, intel.ErrInvalid)
	}
	if len(file.Reports) == 0 {
		return nil, fmt.Errorf("no reports: %w", intel.ErrInvalid)
	}
	if len(file.Reports) > maxReports {
		return nil, fmt.Errorf("%d reports, and at most %d are read: %w", len(file.Reports), maxReports, intel.ErrInvalid)
	}
	out := make([]backtest.Report, len(file.Reports))
	for k, r := range file.Reports {
		out[k] = r.report()
	}
	return out, nil
}

var pulse = regexp.MustCompile(`/pulse/([0-9a-f]{8})[0-9a-f]{16}(?:[^0-9a-f]|$)`)

// spokenOf are words of an address that may say what it is about. None is the number of a technique.
var spokenOf = regexp.MustCompile(`[a-z]{4,}`)

// maxWords is how many words of one report count.
const maxWords = 200

// about is what a report is about: the addresses it refers to, and the words of their paths.
func (r tieReport) about() (out []string) {
	for _, ref := range r.References {
		if len(out) >= maxWords {
			break
		}
		out = append(out, "url "+ref.URL)
		if u, err := url.Parse(ref.URL); err == nil {
			out = append(out, spokenOf.FindAllString(strings.ToLower(u.Path), maxWords)...)
		}
	}
	return out[:min(len(out), maxWords)]
}

// report is what a report names, who wrote it by its references, and when, if
// one of them is an AlienVault pulse, whose ID begins with that.
func (r tieReport) report() (out backtest.Report) {
	for id := range r.Techniques {
		out.Techniques = append(out.Techniques, id)
	}
	out.Words = r.about()
	out.Labels = append(out.Labels, "origin "+r.Origin)
	for _, ref := range r.References {
		out.Labels = append(out.Labels, "name "+ref.Name)
		if u, err := url.Parse(ref.URL); err == nil && u.Host != "" {
			out.Labels = append(out.Labels, "host "+u.Host)
		}
		if m := pulse.FindStringSubmatch(ref.URL); m != nil {
			seconds, _ := strconv.ParseInt(m[1], 16, 64)
			if at := time.Unix(seconds, 0).UTC(); out.Written.IsZero() || at.Before(out.Written) {
				out.Written = at
			}
		}
	}
	return out
}
