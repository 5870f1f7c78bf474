package mapped

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	toml "github.com/pelletier/go-toml/v2"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A rule says which field of a feed says what. A field is named by its path, such as "cve.id";
// a list on the way has as many values as elements. In a template, {field} stands for its
// value, and the template for nothing where it has none.
type rule struct {
	About     string `json:"about"`
	URL       string `json:"url"` // {since} and {now} are moments: what was read last, a day ago at first, and now
	KeyHeader string `json:"key_header"`
	KeyPrefix string `json:"key_prefix"`
	KeyNeeded bool   `json:"key_needed"`
	Busy      []int  `json:"busy"` // statuses that say no more than that one asked too often

	Format string   `json:"format"` // csv, json, lines (a JSON object a line) or text (field "line")
	Header []string `json:"header"` // of CSV that has none; else it is the line that names all that the rule does
	Items  string   `json:"items"`  // where in JSON the items are
	Next   string   `json:"next"`   // where in JSON the address of the next page is
	Total  string   `json:"total"`  // or how many items there are, and
	Start  string   `json:"start"`  // the parameter that takes how many to pass over

	Lists map[string]string   `json:"lists"` // fields of several values, and what stands between them
	Empty []string            `json:"empty"` // what fields say where they say nothing
	Skip  map[string][]string `json:"skip"`  // items that are passed over: the field is one of them, or anything for "*"

	ID         []string `json:"id"`      // fields that make an item the one it is
	Time       []string `json:"time"`    // of which the first that is there is when it was published
	Changed    string   `json:"changed"` // when it was changed; that time if missing
	Together   bool     `json:"together"`
	Genre      string   `json:"genre"`
	Author     string   `json:"author"`
	Title      string   `json:"title"`
	Text       []string `json:"text"`
	Link       string   `json:"link"`
	Language   string   `json:"language"`
	References []string `json:"references"`
	Claims     []claim  `json:"claims"`
}

// A claim is what an item states: of each of its subjects of each of its objects.
type claim struct {
	From      string            `json:"from"` // the list that it is of each element of; the item itself if missing
	Subject   string            `json:"subject"`
	Relation  string            `json:"relation"`
	Object    []string          `json:"object"` // the first that has a value counts
	Types     map[string]string `json:"types"`  // which kinds of ours those are that {kind:…} names; others are passed over
	At        []string          `json:"at"`
	Port      string            `json:"port"`
	Note      string            `json:"note"`
	By        string            `json:"by"`
	Reference string            `json:"reference"`
}

// shipped is the rule of a feed that has one.
func shipped(name string) (rule, error) {
	if !slices.Contains(names(), name) {
		return rule{}, fmt.Errorf("feed: no rule for %q; there are rules for %s", name, strings.Join(names(), ", "))
	}
	text, err := files.ReadFile("rules/" + name + ".toml")
	if err != nil {
		return rule{}, err
	}
	return parseRule(text)
}

// parseRule reads a rule in TOML.
func parseRule(text []byte) (r rule, err error) {
	var table map[string]any
	if err := toml.Unmarshal(text, &table); err != nil {
		return r, err
	}
	body, err := json.Marshal(table)
	if err != nil {
		return r, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	return r, dec.Decode(&r)
}

// check returns an error for a rule that cannot be meant.
func (r *rule) check() error {
	r.Genre, r.Format = cmp.Or(r.Genre, string(intel.List)), cmp.Or(r.Format, "json")
	switch {
	case !slices.Contains([]string{"csv", "json", "lines", "text"}, r.Format):
		return fmt.Errorf("format: %q is none of csv, json, lines and text", r.Format)
	case !intel.Genre(r.Genre).Known():
		return fmt.Errorf("genre: %q is none", r.Genre)
	case len(r.ID) == 0:
		return errors.New("id: which fields make an item the one it is?")
	case r.Together && len(r.Claims) == 0:
		return errors.New("claims: items that are kept together have nothing else to say")
	case len(r.Claims) == 0 && len(r.Text) == 0:
		return errors.New("text or claims are wanted")
	}
	for i, c := range r.Claims {
		if !slices.Contains(intel.Relations(), intel.Relation(c.Relation)) {
			return fmt.Errorf("claims, entry %d: %q is no relation: %w", i+1, c.Relation, intel.ErrInvalid)
		}
		for _, t := range append([]string{c.Subject}, c.Object...) {
			if k, _, ok := strings.Cut(t, ":"); !ok || !strings.HasPrefix(t, "{kind:") && !intel.Kind(k).Known() {
				return fmt.Errorf("claims, entry %d: %q is no template of an entity such as url:{link} or {kind:type}:{value}: %w", i+1, t, intel.ErrInvalid)
			}
		}
		for _, k := range c.Types {
			if !intel.Kind(k).Known() {
				return fmt.Errorf("claims, entry %d: types: %q is no kind: %w", i+1, k, intel.ErrInvalid)
			}
		}
	}
	return nil
}

// entity is what a template of an entity says of a value: of which kind it is, and its port.
func (c claim) entity(kind, value string) (intel.Entity, string, error) {
	k := intel.Kind(kind)
	if k.Class() == intel.IOC {
		return collect.Indicator(k, value)
	}
	e := intel.NewEntity(k, value)
	if e.Name == "" {
		return e, "", fmt.Errorf("%s %.100q: %w", kind, value, intel.ErrInvalid)
	}
	return e, "", nil
}
