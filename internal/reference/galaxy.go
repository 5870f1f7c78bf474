package reference

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A Cluster is one named thing of a galaxy and what it is also called. It is
// the body of an item of the actors pack.
type Cluster struct {
	Galaxy      string   `json:"galaxy"` // "threat-actor", "ransomware", "tool", "rat", "sector", …
	Value       string   `json:"value"`
	ID          string   `json:"id,omitempty"` // of ATT&CK, or an ISO country code
	Synonyms    []string `json:"synonyms,omitempty"`
	Description string   `json:"description,omitempty"`
	Country     string   `json:"country,omitempty"` // of origin, ISO 3166-1 alpha-2
	Victims     []string `json:"victims,omitempty"` // names of countries
	Sectors     []string `json:"sectors,omitempty"` // names of sectors attacked
	References  []string `json:"refs,omitempty"`
	// Group says of a ransomware that its name is also that of those who run
	// it.
	Group bool `json:"group,omitempty"`
	// Malicious says of a tool that it is malware.
	Malicious bool `json:"malicious,omitempty"`
}

// galaxies lists the galaxies read, in the order in which they decide how a
// name is written.
func galaxies() []string {
	return []string{"threat-actor", "mitre-intrusion-set", "microsoft-activity-group", "mitre-malware", "mitre-tool",
		"rat", "stealer", "banker", "botnet", "backdoor", "ransomware", "exploit-kit", "tool", "sector", "target-information"}
}

func galaxyDownloads() []Download {
	var list []Download
	for _, g := range galaxies() {
		list = append(list, Download{"https://raw.githubusercontent.com/MISP/misp-galaxy/main/clusters/" + g + ".json",
			"misp-galaxy/clusters/" + g + ".json"})
	}
	return list
}

// ActorsPack builds an actors pack of clusters. It is for applications that
// bring their own; [Read] reads the publisher's.
func ActorsPack(version string, clusters []Cluster) Pack {
	p := Pack{Name: "actors", Version: version}
	for _, c := range clusters {
		addCluster(&p, "", tidy(c))
	}
	seal(&p)
	return p
}

func addCluster(p *Pack, id string, c Cluster) {
	if c.Value == "" {
		return
	}
	if id == "" {
		id = intel.Slug(c.Value)
	}
	body, _ := json.Marshal(c) // strings and booleans only: cannot fail
	p.Items = append(p.Items, Item{c.Galaxy + "/" + id, body})
}

// readActors reads the cluster files of MISP galaxy. They stand in a folder
// named clusters, or beside threat-actor.json.
func readActors(ctx context.Context, fsys fs.FS, p *Pack) error {
	names := galaxies()
	files, err := find(ctx, fsys, func(f string) bool {
		return slices.Contains(names, strings.TrimSuffix(strings.TrimSuffix(path.Base(f), ".gz"), ".json"))
	})
	if err != nil {
		return err
	}
	home := map[string]bool{}
	for _, f := range files {
		if dir := path.Dir(f); path.Base(dir) == "clusters" || strings.HasPrefix(path.Base(f), "threat-actor.") {
			home[dir] = true
		}
	}
	done := map[string]bool{}
	for _, f := range files {
		name, _, _ := strings.Cut(path.Base(f), ".")
		if done[name] || !home[path.Dir(f)] {
			continue
		}
		done[name] = true
		err := read(ctx, fsys, f, func(r io.Reader) error {
			version, err := parseGalaxy(r, name, p)
			if name == "threat-actor" || p.Version == "" {
				p.Version = version
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if len(p.Items) == 0 {
		return fmt.Errorf("no clusters in this folder: %w", intel.ErrNotFound)
	}
	return nil
}

// value is a cluster as MISP writes it.
type value struct {
	Value       string `json:"value"`
	UUID        string `json:"uuid"`
	Description string `json:"description"`
	Meta        struct {
		Synonyms   texts           `json:"synonyms"`
		Refs       texts           `json:"refs"`
		Links      texts           `json:"links"`
		Country    texts           `json:"country"`
		Sponsor    texts           `json:"cfr-suspected-state-sponsor"`
		Victims    texts           `json:"cfr-suspected-victims"`
		Targets    texts           `json:"targeted-sector"`
		Categories texts           `json:"cfr-target-category"`
		Type       texts           `json:"type"`
		External   texts           `json:"external_id"`
		ISO        texts           `json:"iso-code"`
		Extensions json.RawMessage `json:"extensions"`
		Payment    json.RawMessage `json:"payment-method"`
		Price      json.RawMessage `json:"price"`
		Encryption json.RawMessage `json:"encryption"`
		Notes      json.RawMessage `json:"ransomnotes"`
		NoteFiles  json.RawMessage `json:"ransomnotes-filenames"`
		NoteRefs   json.RawMessage `json:"ransomnotes-refs"`
	} `json:"meta"`
}

// parseGalaxy adds the clusters of one galaxy file to p and returns the file's
// version.
func parseGalaxy(r io.Reader, galaxy string, p *Pack) (version string, err error) {
	found := false
	err = elements(r, "values", func(key string, v json.RawMessage) error {
		if key == "version" && len(v) < maxName {
			version = strings.Trim(string(v), `"`)
		}
		return nil
	}, func(raw json.RawMessage) error {
		var v value
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		found = true
		addCluster(p, clip(v.UUID, 36), tidy(v.cluster(galaxy)))
		return nil
	})
	if err == nil && !found {
		err = fmt.Errorf("not a galaxy cluster file: %w", intel.ErrInvalid)
	}
	return version, err
}

func (v value) cluster(galaxy string) Cluster {
	m := v.Meta
	c := Cluster{Galaxy: galaxy, Value: v.Value, Synonyms: m.Synonyms, Description: v.Description,
		Victims: m.Victims, Sectors: append(m.Targets, m.Categories...), References: m.Refs}
	for _, name := range append(m.Country, m.Sponsor...) {
		if len(name) == 2 && c.Country == "" {
			c.Country = strings.ToUpper(name)
		}
	}
	if c.Country == "" && len(m.Sponsor) > 0 {
		c.Country = m.Sponsor[0] // a name; NewSet knows its code
	}
	if len(m.External) > 0 {
		c.ID = m.External[0]
		c.Value = strings.TrimSuffix(c.Value, " - "+c.ID) // "APT28 - G0007"
	}
	if len(m.ISO) > 0 {
		c.ID = m.ISO[0]
	}
	switch galaxy {
	case "ransomware":
		// Rows that come from lists of file-encrypting samples tell of notes,
		// prices and extensions, or of nothing at all; the others are groups
		// with a site, or of which somebody writes.
		sample := m.Extensions != nil || m.Payment != nil || m.Price != nil || m.Encryption != nil ||
			m.Notes != nil || m.NoteFiles != nil || m.NoteRefs != nil
		c.Group = len(m.Links) > 0 || len(m.Refs) > 0 && !sample && !suffix.MatchString(c.Value)
	case "tool":
		c.Malicious = malicious.MatchString(strings.Join(m.Type, " ")) || malicious.MatchString(v.Description)
	}
	return c
}

var (
	malicious = regexp.MustCompile(`(?i)malware|trojan|backdoor|ransom|\brat\b|remote access|worm|rootkit|bootkit|dropper|loader|downloader|` +
		`stealer|banking|banker|keylog|spyware|wiper|botnet|\bbot\b|implant|virus|miner|infostealer`)
	suffix = regexp.MustCompile(`(?i)(?:[ -]+|\s*\()(?:ransomware|ransomeware|ransom|HT)\)?(?:\s*\(fake\))?$`)
)

// tidy bounds c and frees its names of decoration.
func tidy(c Cluster) Cluster {
	c.Value = clip(c.Value, maxName)
	c.Synonyms = clipAll(c.Synonyms, maxNames, maxName)
	for i, s := range c.Synonyms {
		c.Synonyms[i] = strings.TrimPrefix(s, "Subgroup: ")
	}
	if c.Galaxy == "ransomware" {
		if bare := suffix.ReplaceAllString(c.Value, ""); bare != c.Value && len(intel.Compact(bare)) > 3 {
			c.Synonyms = append(c.Synonyms, c.Value)
			c.Value = bare
		}
	}
	c.Description = clip(c.Description, maxText)
	c.Victims = clipAll(c.Victims, maxNames, maxName)
	c.Sectors = clipAll(c.Sectors, maxNames, maxName)
	c.References = clipAll(c.References, maxRefs, maxValue)
	return c
}
