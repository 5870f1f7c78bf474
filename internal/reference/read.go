package reference

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// A Download is a file of a publisher and the path to store it under so that
// [Read] finds it.
type Download struct {
	URL  string
	Path string
}

// publisher is what is the same for every release of a pack.
type publisher struct {
	name, licence, publisher string
	read                     func(context.Context, fs.FS, *Pack) error
	downloads                []Download
	held                     bool // in memory, as part of a Set; the others are looked up by key
	fleeting                 bool // see Pack
}

// publishers returns the packs in the order they are best read in.
func publishers() []publisher {
	return []publisher{
		{name: "attack", licence: "ATT&CK Terms of Use, © The MITRE Corporation, reproduced and distributed with its permission",
			publisher: "The MITRE Corporation, MITRE ATT&CK®", read: readAttack, held: true,
			downloads: []Download{{"https://raw.githubusercontent.com/mitre-attack/attack-stix-data/master/enterprise-attack/enterprise-attack.json",
				"attack/enterprise-attack.json"}}},
		{name: "actors", licence: "CC0-1.0 or BSD-2-Clause", publisher: "MISP Project, misp-galaxy", read: readActors, held: true, downloads: galaxyDownloads()},
		{name: "warninglists", licence: "CC0-1.0", publisher: "MISP Project, misp-warninglists", read: readWarninglists, held: true,
			downloads: warninglistDownloads()},
		{name: "kev", licence: "CC0-1.0", publisher: "CISA, Known Exploited Vulnerabilities Catalog", read: readKEV, held: true,
			downloads: []Download{{"https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json", "kev/known_exploited_vulnerabilities.json"}}},
		{name: "epss", licence: "free with attribution", publisher: "FIRST.org, Exploit Prediction Scoring System (EPSS)", read: readEPSS, fleeting: true,
			downloads: []Download{{"https://epss.empiricalsecurity.com/epss_scores-current.csv.gz", "epss/epss_scores-current.csv.gz"}}},
		// The CVE List comes as one archive of many files, which sync does not
		// unpack: it is read from a folder only.
		{name: "cve", licence: "CVE Terms of Use; CISA Vulnrichment CC0-1.0", publisher: "CVE Program and CISA Vulnrichment", read: readCVE},
	}
}

// PackNames lists the packs [Read] knows.
func PackNames() []string {
	var names []string
	for _, p := range publishers() {
		names = append(names, p.name)
	}
	return names
}

// HeldNames lists the packs that a [Set] is made of, in the order in which it
// takes them: of two that name a product the later counts.
func HeldNames() []string {
	names := []string{productsName}
	for _, p := range publishers() {
		if p.held {
			names = append(names, p.name)
		}
	}
	return names
}

// Downloads lists the publisher's own files of the named pack; none when it is
// not published as single files.
func Downloads(name string) []Download {
	for _, p := range publishers() {
		if p.name == name {
			return p.downloads
		}
	}
	return nil
}

// Read reads the named pack from a folder that has the publisher's files
// somewhere below. It is intel.ErrNotFound, naming the pack, when there are
// none. A damaged, truncated or oversized file is an error that names the
// file: no part of such a pack is returned.
func Read(ctx context.Context, fsys fs.FS, name string) (Pack, error) {
	for _, p := range publishers() {
		if p.name != name {
			continue
		}
		pack := Pack{Name: name, Licence: p.licence, Publisher: p.publisher, Fleeting: p.fleeting}
		if err := p.read(ctx, fsys, &pack); err != nil {
			return Pack{}, fmt.Errorf("pack %s: %w", name, err)
		}
		seal(&pack)
		return pack, nil
	}
	return Pack{}, fmt.Errorf("pack %q is not one of %v: %w", name, PackNames(), intel.ErrInvalid)
}

// seal sorts the items, keeps the last of those with equal keys and computes
// the digest.
func seal(p *Pack) {
	slices.SortStableFunc(p.Items, func(a, b Item) int { return cmp.Compare(a.Key, b.Key) })
	kept := p.Items[:0]
	for i, it := range p.Items {
		if i+1 < len(p.Items) && p.Items[i+1].Key == it.Key {
			continue
		}
		kept = append(kept, it)
	}
	clear(p.Items[len(kept):])
	p.Items = kept
	h := sha256.New()
	for _, it := range kept {
		h.Write([]byte(it.Key))
		h.Write([]byte{0})
		h.Write(it.Body)
		h.Write([]byte{'\n'})
	}
	p.Digest = hex.EncodeToString(h.Sum(nil))
}

// add appends v under key.
func (p *Pack) add(key string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("item %s: %w", key, err)
	}
	p.Items = append(p.Items, Item{key, body})
	return nil
}

// maxFiles bounds how many files of a folder are looked at.
const maxFiles = 2_000_000

// find lists the files below fsys for which is says yes, in lexical order. It
// is intel.ErrNotFound when there is none.
func find(ctx context.Context, fsys fs.FS, is func(path string) bool) ([]string, error) {
	var found []string
	seen := 0
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxFiles {
			return fmt.Errorf("more than %d files", maxFiles)
		}
		if seen%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !d.IsDir() && is(path) {
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("none of the publisher's files in this folder: %w", intel.ErrNotFound)
	}
	return found, nil
}

// sortedKeys returns the keys of m in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
