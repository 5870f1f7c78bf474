// Package osv collects records of vulnerable and malicious packages in the format of OSV
// (schema 1.x): files, or what the export of osv.dev says was changed. Each record is under
// the licence of the database that it comes from.
package osv

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
)

// Connector reads OSV records.
var Connector = collect.Connector{
	Name:        "osv",
	About:       "records of vulnerable and malicious packages (OSV): files, or what osv.dev says was changed",
	Every:       time.Hour,
	Reliability: 'B',
	Settings:    settings{},
	Open:        open,
	Recognise:   recognise,
}

type settings struct {
	Ecosystem string `json:"ecosystem" help:"Packages of which sort, as osv.dev has it: npm, PyPI, Go, Maven, crates.io, Debian …; https://osv-vulnerabilities.storage.googleapis.com/ecosystems.txt lists them."`
	Since     string `json:"since" help:"The day from which changes are read at the first visit, such as 2026-01-01; those of a day if missing."`
	Most      int    `json:"most" help:"The most records that a visit reads; 1000 if missing."`
	Export    string `json:"export" help:"Address of the export; https://osv-vulnerabilities.storage.googleapis.com if missing."`
	Path      string `json:"path" help:"A file of records on this machine instead."`
}

const (
	usualExport = "https://osv-vulnerabilities.storage.googleapis.com"
	usualMost   = 1000
	mostRecords = 100_000
	// maxRecord is how many bytes a record has at most: some of Linux name every version.
	maxRecord = 16 << 20
)

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.Path != "" {
		if s != (settings{Path: s.Path}) {
			return nil, errors.New("path is a file of this machine; the other settings are of the export")
		}
		return collect.FileSettings{Path: s.Path}.Source(env, collect.Records(2*maxRecord, documents))
	}
	return newExport(env, s)
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	has := func(field string) bool { return bytes.Contains(head, []byte(`"`+field+`"`)) }
	return has("id") && has("modified") && has("affected") && (has("schema_version") || has("ranges") && has("aliases"))
}

// ecosystem is what packages of a sort are called: as GitHub has it, where it has a name of its
// own, so that one package has one name, and without the release of a distribution.
func ecosystem(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ":")
	switch name {
	case "pypi":
		return "pip"
	case "crates.io":
		return "rust"
	case "packagist":
		return "composer"
	case "github actions":
		return "actions"
	case "hex":
		return "erlang"
	case "swifturl":
		return "swift"
	}
	return name
}
