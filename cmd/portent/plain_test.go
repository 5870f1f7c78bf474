package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestARuneThatTwoWritesShareIsJudgedWhole(t *testing.T) {
	const text = "a\u009b[31m\u202eд漢🙂\xff\xe2\x80"
	want := `a\u009b[31m\u202e` + "д漢🙂\xff\xe2\x80"
	for i := range len(text) {
		for j := i; j < len(text); j++ {
			var out bytes.Buffer
			p := &plain{Writer: &out}
			for _, piece := range []string{text[:i], text[i:j], text[j:]} {
				if n, err := p.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatalf("%q: %d, %v", piece, n, err)
				}
			}
			if err := p.end(); err != nil || out.String() != want {
				t.Fatalf("%q|%q|%q: %q, %v", text[:i], text[i:j], text[j:], out.String(), err)
			}
		}
	}
}

func TestNothingThatIsPrintedCommandsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	n, err := (&plain{Writer: &out}).Write([]byte("a\x1b[31mb\tc\r\nд漢\u009b\u202e\xff\x7f"))
	if want := `a\u001b[31mb` + "\tc" + `\u000d` + "\nд漢" + `\u009b\u202e` + "\xff" + `\u007f`; out.String() != want || n != 23 || err != nil {
		t.Errorf("%q, %d, %v", out.String(), n, err)
	}
	db := newStore(t)
	path := file(t, "a\x1b[31m.bin", []byte("zz zz"))
	_, _, errs := portent(t, db, "import", path)
	if strings.Contains(errs, "\x1b") || !strings.Contains(errs+path, "[31m") {
		t.Errorf("%q", errs)
	}
	var text, said bytes.Buffer
	if code := run(t.Context(), []string{"--db", db, "import", path + "x"}, nil, &text, &said); code != exitFailed || strings.Contains(said.String(), "\x1b") || !strings.Contains(said.String(), `\u001b`) {
		t.Errorf("exit %d, %q", code, said.String())
	}
}
