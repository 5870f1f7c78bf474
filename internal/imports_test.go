package internal_test

import (
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// layout is the architecture: each package and the packages of ours that it
// may import. It is policy, not a description. Do not change it to make a
// build pass.
const layout = `
	intel       :
	fetch       :
	queue       :
	collect     : intel fetch
	collect/*   : intel fetch collect stix misp
	reference   : intel
	extract     : intel reference
	correlate   : intel reference
	score       : intel reference
	forecast    : intel
	publish     : intel
	stix        : intel
	misp        : intel
	hunt        : intel extract
	store       : intel
	pipeline    : intel reference extract correlate score forecast publish store queue
	web         : intel access store publish extract hunt score alert
	demo        : intel
`

const module = "github.com/portent-cti/portent/internal/"

func TestImportsFollowTheLayout(t *testing.T) {
	allowed := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(layout)) {
		name, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		allowed[strings.TrimSpace(name)] = strings.Fields(imports)
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		_, name, _ := strings.Cut(fields[0], "/internal/")
		if name == "" {
			continue // this folder itself
		}
		rule, ok := allowed[name]
		if !ok {
			rule, ok = allowed[path.Dir(name)+"/*"]
		}
		if !ok {
			t.Errorf("package %s has no place in the layout", name)
			continue
		}
		for _, imp := range fields[1:] {
			if ours, ok := strings.CutPrefix(imp, module); ok && !slices.Contains(rule, ours) {
				t.Errorf("%s must not import %s", name, ours)
			}
		}
	}
}
