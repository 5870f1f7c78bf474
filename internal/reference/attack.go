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
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// object is one item of the attack pack: an ATT&CK object with what its
// relationships say of it. Its key is the ATT&CK ID.
type object struct {
	ID           string   `json:"id"`
	Type         string   `json:"type"` // of STIX: attack-pattern, intrusion-set, malware, tool, campaign
	Name         string   `json:"name"`
	Aliases      []string `json:"aliases,omitempty"`
	Description  string   `json:"description,omitempty"`
	Tactics      []string `json:"tactics,omitempty"`
	References   []string `json:"refs,omitempty"`
	Uses         []string `json:"uses,omitempty"`          // ATT&CK IDs
	AttributedTo []string `json:"attributed_to,omitempty"` // of a campaign: ATT&CK IDs of groups
	RevokedBy    string   `json:"revoked_by,omitempty"`
	Revoked      bool     `json:"revoked,omitempty"`
	Deprecated   bool     `json:"deprecated,omitempty"`
}

// readAttack reads the newest Enterprise bundle.
func readAttack(ctx context.Context, fsys fs.FS, p *Pack) error {
	files, err := find(ctx, fsys, func(f string) bool { return bundleName.MatchString(path.Base(f)) })
	if err != nil {
		return err
	}
	newest := slices.MaxFunc(files, func(a, b string) int { return slices.Compare(release(a), release(b)) })
	return read(ctx, fsys, newest, func(r io.Reader) error {
		objects, version, err := parseBundle(r)
		if err != nil {
			return err
		}
		if p.Version = version; version == "" {
			p.Version = bundleName.FindStringSubmatch(path.Base(newest))[1]
		}
		for _, key := range sortedKeys(objects) {
			if err := p.add(key, objects[key]); err != nil {
				return err
			}
		}
		return nil
	})
}

var bundleName = regexp.MustCompile(`(?i)^enterprise-attack(?:-v?([0-9]+(?:\.[0-9]+)*))?\.json(?:\.gz)?$`)

// release returns the numbers of a version in a file name, so that 10.1
// compares greater than 9.2.
func release(file string) []int {
	var numbers []int
	for part := range strings.SplitSeq(bundleName.FindStringSubmatch(path.Base(file))[1], ".") {
		n, _ := strconv.Atoi(part)
		numbers = append(numbers, n)
	}
	return numbers
}

// stix is a STIX object as far as we read it.
type stix struct {
	Type        string   `json:"type"`
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Aliases     []string `json:"aliases"`
	Synonyms    []string `json:"x_mitre_aliases"`
	Revoked     bool     `json:"revoked"`
	Deprecated  bool     `json:"x_mitre_deprecated"`
	Version     string   `json:"x_mitre_version"`
	Phases      []struct {
		Chain string `json:"kill_chain_name"`
		Phase string `json:"phase_name"`
	} `json:"kill_chain_phases"`
	External []struct {
		Source string `json:"source_name"`
		ID     string `json:"external_id"`
		URL    string `json:"url"`
	} `json:"external_references"`
	Relation string `json:"relationship_type"`
	Source   string `json:"source_ref"`
	Target   string `json:"target_ref"`
}

// parseBundle reads a STIX bundle of ATT&CK and returns its objects by ATT&CK
// ID.
func parseBundle(r io.Reader) (objects map[string]*object, version string, err error) {
	objects = map[string]*object{}
	byRef := map[string]*object{}
	var relations []stix
	bundle := false
	err = elements(r, "objects", func(key string, v json.RawMessage) error {
		bundle = bundle || key == "type" && string(v) == `"bundle"`
		return nil
	}, func(v json.RawMessage) error {
		var o stix
		if err := json.Unmarshal(v, &o); err != nil {
			return err
		}
		switch o.Type {
		case "x-mitre-collection":
			version = clip(o.Version, maxName)
		case "relationship":
			if !o.Revoked && !o.Deprecated {
				relations = append(relations, stix{Relation: o.Relation, Source: o.Source, Target: o.Target})
			}
		case "attack-pattern", "intrusion-set", "malware", "tool", "campaign":
			if t := trim(o); t != nil {
				byRef[o.ID] = t
				if old := objects[t.ID]; old == nil || old.Revoked || old.Deprecated {
					objects[t.ID] = t
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if !bundle || len(objects) == 0 {
		return nil, "", fmt.Errorf("not an ATT&CK bundle: %w", intel.ErrInvalid)
	}
	for _, rel := range relations {
		relate(byRef[rel.Source], rel.Relation, byRef[rel.Target])
	}
	for _, o := range objects {
		slices.Sort(o.Uses)
		slices.Sort(o.AttributedTo)
	}
	return objects, version, nil
}

// trim returns what we keep of o, or nil when it has no ATT&CK ID or name.
func trim(o stix) *object {
	t := &object{Type: o.Type, Name: clip(o.Name, maxName), Description: clip(o.Description, maxText),
		Revoked: o.Revoked, Deprecated: o.Deprecated}
	for _, x := range o.External {
		switch {
		case strings.HasPrefix(x.Source, "mitre-") && x.ID != "" && t.ID == "":
			t.ID = strings.ToUpper(clip(x.ID, maxName))
			fallthrough
		case x.URL != "":
			if len(t.References) < maxRefs && x.URL != "" {
				t.References = append(t.References, clip(x.URL, maxValue))
			}
		}
	}
	if t.ID == "" || t.Name == "" {
		return nil
	}
	for _, a := range clipAll(append(o.Aliases, o.Synonyms...), maxNames, maxName) {
		if a != t.Name && !slices.Contains(t.Aliases, a) {
			t.Aliases = append(t.Aliases, a)
		}
	}
	for _, ph := range o.Phases {
		if strings.HasPrefix(ph.Chain, "mitre-") && len(t.Tactics) < maxRefs {
			t.Tactics = append(t.Tactics, clip(ph.Phase, maxName))
		}
	}
	return t
}

func relate(from *object, relation string, to *object) {
	if from == nil || to == nil {
		return
	}
	switch relation {
	case "uses":
		if len(from.Uses) < maxUses && !slices.Contains(from.Uses, to.ID) {
			from.Uses = append(from.Uses, to.ID)
		}
	case "attributed-to":
		if len(from.AttributedTo) < maxRefs && !slices.Contains(from.AttributedTo, to.ID) {
			from.AttributedTo = append(from.AttributedTo, to.ID)
		}
	case "revoked-by":
		from.RevokedBy = to.ID
	}
}
