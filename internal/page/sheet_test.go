package page

import (
	"strings"
	"testing"
)

func TestWhatAStylesheetHidesIsNotRead(t *testing.T) {
	page := func(css, attributes string) string {
		return "<html><head><style>" + css + "</style></head><body><article><h1>Title of it</h1><p>" + strings.Repeat("Words of the article. ", 20) + "</p><p " + attributes + ">trap-one.com</p></article></body></html>"
	}
	for _, c := range []struct {
		css, attributes string
		hidden          bool
	}{
		{".t{display:none} #z{visibility:hidden}", `class="a t"`, true},
		{".t{display:none} #z{visibility:hidden}", `id="z"`, true},
		{"/* x */ p{color:red} .s, .t { Display : none !important; }", `class="t"`, true},
		{".t{display:none}", `class="tt"`, false},
		{".t:hover{display:none} .a .t{display:none} p.t{display:none}", `class="t"`, false},
		{"@media print{.t{display:none}}", `class="t"`, false},
		{".t{display:none} .t{display:block}", `class="t"`, false},
		{"/* .t{display:none} */ .s{display:none}", `class="t"`, false},
		{".t{display:none", `class="t"`, false},
	} {
		p, err := Read([]byte(page(c.css, c.attributes)), "")
		if err != nil || strings.Contains(p.Text, "trap-one.com") == c.hidden || !strings.Contains(p.Text, "Words of") {
			t.Errorf("%s, %s: %v, read %t", c.css, c.attributes, err, strings.Contains(p.Text, "trap-one.com"))
		}
	}
	long := strings.Replace(page(".t{display:none}", `class="t"`), "trap-one.com", strings.Repeat("more of it ", 300), 1)
	if p, err := Read([]byte(long), ""); err != nil || !strings.Contains(p.Text, "more of it") {
		t.Errorf("an article that a script shows is not read: %v", err)
	}
}
