package figures_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// left returns which tests call Only, by the package they are in.
func left(t *testing.T, root fs.FS) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && callsOnly(f) {
				dir := path.Dir(name)
				found[dir] = append(found[dir], f.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func callsOnly(f *ast.FuncDecl) (calls bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Only" {
			of, ok := s.X.(*ast.Ident)
			calls = calls || ok && of.Name == "figures"
		}
		return !calls
	})
	return calls
}

// assigned returns what a line of the Makefile says of a variable.
func assigned(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + ` := (.*)$`).FindSubmatch(text)
	if found == nil {
		t.Fatalf("the Makefile says nothing of %s", name)
	}
	return string(found[1])
}

func TestMakeRunsEveryTestThatIsLeftToTheFigures(t *testing.T) {
	names, dirs := strings.Split(assigned(t, "FIGURES"), "|"), strings.Fields(assigned(t, "MEASURED"))
	runs, in, used := regexp.MustCompile(strings.Join(names, "|")), []string{}, map[string]bool{}
	for dir, tests := range left(t, os.DirFS("../..")) {
		in = append(in, "./"+dir)
		for _, test := range tests {
			if !strings.HasPrefix(test, "Test") || !runs.MatchString(test) {
				t.Errorf("%s: %s is left to the run of FIGURES, which does not run it", dir, test)
			}
			for _, name := range names {
				used[name] = used[name] || strings.Contains(test, name)
			}
		}
	}
	slices.Sort(in)
	if !slices.Equal(in, dirs) {
		t.Errorf("tests are left to it in %v, MEASURED is %v", in, dirs)
	}
	for _, name := range names {
		if !used[name] {
			t.Errorf("FIGURES names %s, and no such test is left to it", name)
		}
	}
}
