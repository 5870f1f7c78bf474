package internal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// layout is the architecture: each package that exists, the packages of ours
// that it imports and, behind the bar, those that its tests need besides. It is
// policy, not a description. Do not change it to make a build pass.
//
// demo is no verb: it invents a world, so that the whole can be tried and marked
// without anybody's data. It writes documents and knows nothing of those who
// read them. Messages are read alike wherever they come from, so connectors of mail share the
// reading of the first; so do feeds and sitemaps, which announce articles.
const layout = `
	intel       :
	fetch       :
	queue       :
	page        :
	figures     :
	collect     : intel fetch
	tail        : intel collect
	collect/*   : intel fetch collect tail stix misp page | collect/collecttest figures
	collect/mailbox : intel fetch collect collect/mail | collect/collecttest
	collect/nntp : intel fetch collect collect/mail | collect/collecttest
	collect/pipermail : intel fetch collect collect/mail | collect/collecttest
	collect/sitemap : intel fetch collect page collect/rss | collect/collecttest
	reference   : intel
	extract     : intel reference | figures
	correlate   : intel reference | extract
	classify    : intel correlate | figures
	score       : intel
	forecast    : intel
	forecast/activity : forecast
	forecast/exploitation : forecast
	forecast/characteristics : forecast | figures
	forecast/backtest : forecast forecast/activity forecast/characteristics forecast/exploitation intel | figures
	publish     : intel
	stix        : intel | collect
	misp        : intel
	hunt        : intel | figures
	store       : intel
	pipeline    : intel reference extract correlate classify score forecast forecast/activity forecast/characteristics forecast/exploitation store queue | publish figures
	web         : intel
	demo        : intel
	demo/*      : intel demo
`

const module = "github.com/portent-cti/portent/internal/"

// A listed is a package as "go list" tells of it.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// A rule is a line of the layout, and what of it is in use.
type rule struct {
	code, tests []string
	used        map[string]bool
}

// rules reads a layout.
func rules(layout string) map[string]*rule {
	all := map[string]*rule{}
	for line := range strings.Lines(strings.TrimSpace(layout)) {
		name, imports, _ := strings.Cut(line, ":")
		code, tests, _ := strings.Cut(imports, "|")
		all[strings.TrimSpace(name)] = &rule{code: strings.Fields(code), tests: strings.Fields(tests), used: map[string]bool{}}
	}
	return all
}

// breaches tells where packages and a layout differ: what is imported and not
// permitted, and what is permitted and not imported.
func breaches(layout string, packages []listed) (found []string) {
	all, seen := rules(layout), map[string]bool{}
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, module)
		row := name
		if all[row] == nil {
			row = path.Dir(name) + "/*"
		}
		r := all[row]
		if r == nil {
			found = append(found, name+" has no place in the layout")
			continue
		}
		seen[row] = true
		found = append(found, r.breaks(name, p)...)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !seen[name] {
			found = append(found, name+" is in the layout and nowhere else")
			continue
		}
		for _, permitted := range slices.Concat(all[name].code, all[name].tests) {
			if !all[name].used[permitted] {
				found = append(found, fmt.Sprintf("%s may import %s and does not", name, permitted))
			}
		}
	}
	return found
}

// breaks tells what a package imports without permission. What a permission is
// used by counts only where it is given: one for code is not used by a test.
func (r *rule) breaks(name string, p listed) (found []string) {
	for _, imp := range ours(p.Imports) {
		if !slices.Contains(r.code, imp) {
			found = append(found, fmt.Sprintf("%s must not import %s", name, imp))
		}
		r.used[imp] = true
	}
	for _, imp := range ours(append(p.TestImports, p.XTestImports...)) {
		switch {
		case slices.Contains(r.tests, imp):
			r.used[imp] = true
		case imp != name && !slices.Contains(r.code, imp):
			found = append(found, fmt.Sprintf("tests of %s must not import %s", name, imp))
		}
	}
	return found
}

// ours is which of some imports are of this module.
func ours(imports []string) (out []string) {
	for _, imp := range imports {
		if name, ok := strings.CutPrefix(imp, module); ok {
			out = append(out, name)
		}
	}
	return out
}

func TestImportsFollowTheLayout(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, module) { // not this folder itself
			packages = append(packages, p)
		}
	}
	for _, b := range breaches(layout, packages) {
		t.Error(b)
	}
}

func TestALayoutIsHeldBothWays(t *testing.T) {
	pkg := func(name, code, tests string) listed {
		var p listed
		p.ImportPath, p.Imports = module+name, []string{"fmt"}
		for _, imp := range strings.Fields(code) {
			p.Imports = append(p.Imports, module+imp)
		}
		for _, imp := range strings.Fields(tests) {
			p.XTestImports = append(p.XTestImports, module+imp)
		}
		return p
	}
	const noun, verb = "noun :\n", "noun :\n verb : noun"
	for _, test := range []struct {
		claim, layout string
		packages      []listed
		want          []string
	}{
		{"what is permitted and used", verb, []listed{pkg("noun", "", "noun"), pkg("verb", "noun", "noun verb")}, nil},
		{"an import without permission", noun + "verb :", []listed{pkg("noun", "", ""), pkg("verb", "noun", "")}, []string{"verb must not import noun"}},
		{"a test's import without permission", noun + "verb :", []listed{pkg("noun", "", ""), pkg("verb", "", "noun")}, []string{"tests of verb must not import noun"}},
		{"a package without a row", noun, []listed{pkg("noun", "", ""), pkg("verb", "", "")}, []string{"verb has no place in the layout"}},
		{"a row without a package", verb, []listed{pkg("noun", "", "")}, []string{"verb is in the layout and nowhere else"}},
		{"a permission nobody uses", verb, []listed{pkg("noun", "", ""), pkg("verb", "", "")}, []string{"verb may import noun and does not"}},
		{"a permission only a test uses", verb, []listed{pkg("noun", "", ""), pkg("verb", "", "noun")}, []string{"verb may import noun and does not"}},
		{"a permission for tests", noun + "verb : | noun", []listed{pkg("noun", "", ""), pkg("verb", "", "noun")}, nil},
		{"a permission for tests, in code", noun + "verb : | noun", []listed{pkg("noun", "", ""), pkg("verb", "noun", "noun")}, []string{"verb must not import noun"}},
		{"a row for a folder", noun + "verb/* : noun", []listed{pkg("noun", "", ""), pkg("verb/a", "noun", ""), pkg("verb/b", "", "")}, nil},
	} {
		if diff := cmp.Diff(test.want, breaches(test.layout, test.packages)); diff != "" {
			t.Errorf("%s: %s", test.claim, diff)
		}
	}
}

func TestTheArchitectureNamesFilesThatExist(t *testing.T) {
	text, err := os.ReadFile("../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z_]+/[a-z_/.]*)`").FindAllStringSubmatch(string(text), -1)
	if len(named) < 10 {
		t.Errorf("only %d files are named", len(named))
	}
	for _, m := range named {
		_, here := os.Stat(filepath.FromSlash(m[1]))
		_, above := os.Stat(filepath.Join("..", filepath.FromSlash(m[1])))
		if here != nil && above != nil {
			t.Errorf("%s does not exist", m[1])
		}
	}
}
