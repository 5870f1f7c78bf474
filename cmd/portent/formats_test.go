package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func docx(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range map[string]string{
		"[Content_Types].xml": "<Types/>",
		"word/document.xml":   `<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>` + text + `</w:t></w:r></w:p></w:body></w:document>`,
	} {
		m, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		m.Write([]byte(data))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func message(n int, body string) string {
	return fmt.Sprintf("From a@list.example Fri Jan  2 03:04:05 2026\nFrom: A <a@list.example>\nTo: l@list.example\nMessage-ID: <%d@list.example>\nDate: Fri, 2 Jan 2026 03:04:05 +0000\nSubject: s\n\n%s\n\n", n, body)
}

func TestDocumentsAndMessagesAreRecognisedAndReadOnce(t *testing.T) {
	t.Parallel()
	text := "It came from 45.134.21.8 by CVE-2021-44228."
	mbox := message(1, text) + message(2, "> "+text+"\n\nNo.") + message(3, "At 45.134.21.9.")
	_, eml, _ := strings.Cut(message(1, text), "\n")
	for name, c := range map[string]struct {
		content   []byte
		as        string
		documents int
	}{
		"a.docx":    {docx(t, text), "report", 1},
		"noname":    {docx(t, text), "report", 1},
		"a.rtf":     {[]byte(`{\rtf1 ` + text + `}`), "report", 1},
		"a.doc":     {[]byte(`{\rtf1 ` + text + `}`), "report", 1},
		"a.mbox":    {[]byte(mbox), "mail", 3},
		"a.txt":     {[]byte(mbox), "mail", 3},
		"a.mbox.gz": {zipped(t, []byte(mbox)), "mail", 3},
		"a.eml":     {[]byte(eml), "mail", 1},
		"123.host":  {[]byte(eml), "mail", 1},
	} {
		db, path := newStore(t), file(t, name, c.content)
		code, got, stderr := portent(t, db, "import", path)
		if code != exitDone || got.Documents != c.documents || got.Observations < 2 {
			t.Errorf("%s: exit %d, %+v\n%s", name, code, got, stderr)
		}
		code, got, stderr = portent(t, db, "import", "--as", c.as, path)
		if code != exitDone || got.Documents != 0 || got.Skipped != c.documents {
			t.Errorf("%s again: exit %d, %+v\n%s", name, code, got, stderr)
		}
	}
}

func TestFilesThatCannotBeReadAreNamed(t *testing.T) {
	good := docx(t, "x")
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"locked.docx":  {[]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 600)), "encrypted"},
		"damaged.docx": {good[:len(good)/2], "damaged"},
		"cut.rtf":      {[]byte(`{\rtf1 half`), "breaks off"},
		"cut.html":     {[]byte("<html><body><p>half"), "breaks off"},
	} {
		code, got, _ := portent(t, newStore(t), "import", file(t, name, c.content))
		if code != exitPartial || len(got.Rejected) != 1 || !strings.Contains(got.Rejected[0].Reason, c.want) {
			t.Errorf("%s: exit %d, %+v", name, code, got)
		}
	}
}
