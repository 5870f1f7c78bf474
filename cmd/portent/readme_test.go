package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheReadmeTellsOfEveryConnectorWhatItIsProvenOn(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| connector | what it reads | proven on |\n|---|---|---|\n")
	for _, c := range connectors() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, c.About, cmp.Or(c.Proven, "unproven"))
	}
	if table := b.String(); !strings.Contains(string(text), table+"\n") {
		t.Errorf("README.md wants this table:\n%s", table)
	}
}
