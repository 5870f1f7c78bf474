package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestNothingThatIsPrintedCommandsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	n, err := plain{&out}.Write([]byte("a\x1b[31mb\tc\r\nд漢\u009b\u202e\xff\x7f"))
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
