package extract_test

import (
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
)

// FuzzPlainWords looks for texts in which something is passed for a plain word that
// is a value or goes on in one.
func FuzzPlainWords(f *testing.F) {
	s := scanner(f)
	for _, text := range []string{
		"", "The gang hit a third-party in 2020, \"twice\" (see below): no more.", "see evil-drop dot com and evil DOT com", "C2: evil .com or evil . com",
		"a evil [.] com b", "deadbeefdeadbeefdeadbeef\ndeadbeefdeadbeef.", "mail me at me (at) evil (dot) com", "ghsa-aaaa-bbbb-cccc. GHSA-aaaa-bbbb-cccc",
		"146 . 70 . 87 [.] 212", "evil<.>com word<.>com", "\u2018quoted\u2019 \u00a0word\u00a0evil.com caf\u00e9.com x\u3002com CVE\u20112021\u201144228",
		" abcdefghijklmnopqrstuvwxyzabcdef abcdefghijklmnop 12345678 1234567. ", "word. dot com word: dot com 70 dot com", "* item # head % $x **bold** ====",
		strings.Repeat("a ", 20) + "[.]com", "\nC2:\n evil . com", "1234567\u00ad8 abcd\u200befgh",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if found, on := extract.Passed(s, text); len(found)+len(on) > 0 {
			t.Errorf("%q: passed as plain: %q with %v", text, on, found)
		}
	})
}
