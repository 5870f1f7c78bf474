package page

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tree(t testing.TB, body string) *Tree {
	t.Helper()
	tr, err := Parse([]byte(body), "text/html; charset=utf-8")
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func priced(text string) bool { return strings.Contains(text, "$") }

// named are items without their text.
func named(items []Item) (out []Item) {
	for _, it := range items {
		it.Text = ""
		out = append(out, it)
	}
	return out
}

func TestAListIsFoundByHowItLooks(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		want []Item
	}{
		"cards in rows": {`<div class="row"><div class="col"><h5><a href="/1">One</a></h5><i class="seller">ann</i><b class="price">$1</b></div><div class="col"><h5><a href="/2">Two</a></h5><i class="seller">bob</i><b class="price">$2</b></div></div>
<div class="row"><div class="col"><h5><a href="/3">Three</a></h5><i class="seller">ann</i><b class="price">$3</b></div></div>`,
			[]Item{{Title: "One", Who: "ann", Price: "$1", Link: "/1"}, {Title: "Two", Who: "bob", Price: "$2", Link: "/2"}, {Title: "Three", Who: "ann", Price: "$3", Link: "/3"}}},
		"a table, its columns in any order": {`<table><thead><tr><th>Price</th><th>Vendor</th><th>Item</th><th>Date</th></tr></thead><tbody><tr class="odd"><td>$5</td><td>ann</td><td><a href="/5">Five</a></td><td>2026-01-05</td></tr><tr class="even"><td>$6</td><td>bob</td><td><a href="/6">Six</a></td><td>2026-01-06</td></tr></tbody></table>`,
			[]Item{{Title: "Five", Who: "ann", Price: "$5", Date: "2026-01-05", Link: "/5"}, {Title: "Six", Who: "bob", Price: "$6", Date: "2026-01-06", Link: "/6"}}},
		"links that are the cards": {`<a class="post-block bad" href="/a"><div class="post-title">acme.example</div><div>$7</div><div class="updated-post-date">12 Mar, 2026</div></a><a class="post-block good" href="/b"><div class="post-title">other.example</div><div>$8</div></a>`,
			[]Item{{Title: "acme.example", Date: "12 Mar, 2026", Link: "/a"}, {Title: "other.example", Link: "/b"}}},
		"a heading in each that names none": {`<div class="list"><div class="list-item"><div class="ribbon">NEW</div><a href="/c/1">ACME Glas GmbH</a><div class="small"><div>Took: <b>$27</b></div><div>Due: <b>$28</b></div><div>views: <b>50</b></div></div><h4>Comment:</h4><div>All of it.</div></div>
<div class="list-item"><a href="/c/2">Other Group</a><div class="small"><div>Took: <b>$27</b></div><div>Due: <b>$28</b></div><div>views: <b>43</b></div></div><h4>Comment:</h4><div>Some of it.</div></div></div>`,
			[]Item{{Title: "ACME Glas GmbH", Link: "/c/1"}, {Title: "Other Group", Link: "/c/2"}}},
		"a table whose heads are in bold, with links that name nothing": {`<table><tr><td><b>company name</b></td><td><b>size</b></td><td><b>last updated</b></td><td><b>downloads</b></td></tr>
<tr class="row"><td>ACME Leasing</td><td>$1</td><td>2026-01-17</td><td><a href="/post/5.html">open</a></td></tr><tr class="row"><td>Other (GmbH)</td><td>$2</td><td>2026-01-16</td><td><a href="/post/4.html">open</a></td></tr></table>`,
			[]Item{{Title: "ACME Leasing", Date: "2026-01-17", Link: "/post/5.html"}, {Title: "Other (GmbH)", Date: "2026-01-16", Link: "/post/4.html"}}},
		"menus and prices in prose are none": {`<nav><ul><li><a href="/x">$1 deals</a></li><li><a href="/y">$2 deals</a></li></ul></nav><p>It costs <a href="/z">$1</a>.</p>`, nil},
	} {
		if diff := cmp.Diff(c.want, named(tree(t, "<html><body>"+c.body+"</body></html>").Repeated(priced))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestARuleFindsWhatItPointsToAlone(t *testing.T) {
	r, err := Selectors{Item: ".v", Title: ".n", Date: "i", Link: "a.more", Text: ".t"}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	got := tree(t, `<div class="v"><b class="n">ACME</b><i>2026-03-20</i><p class="t">All  mail.</p><a href="/x">x</a><a class="more" href="/1">more</a></div><div class="v"><p class="t">no name</p></div>`).Pick(r)
	if diff := cmp.Diff([]Item{{Title: "ACME", Date: "2026-03-20", Link: "/1", Text: "All mail."}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := (Selectors{Item: ".v", Price: "["}).Compile(); err == nil || !strings.Contains(err.Error(), `price: "["`) {
		t.Errorf("a selector that is none: %v", err)
	}
}

func TestWhatIsHiddenLeadsNowhere(t *testing.T) {
	got := tree(t, `<title> A
 page </title><a href="/a">one</a><a href="/a">again</a><a href="/trap" style="display:none">trap</a><template><a href="/t">t</a></template><a>none</a>`)
	if diff := cmp.Diff([]Link{{"/a", "one"}}, got.Links()); diff != "" || got.Title() != "A page" || got.Locked() {
		t.Errorf("title %q, locked %t, links (-want +got):\n%s", got.Title(), got.Locked(), diff)
	}
}

func TestBoxesInBoxesAreReadAFewTimesAlone(t *testing.T) {
	var b strings.Builder
	for i := range 30 {
		for j := range 400 {
			fmt.Fprintf(&b, "<div class=a%d>", j)
		}
		fmt.Fprintf(&b, "<a href=/%d>x</a> $1 %s%s", i, strings.Repeat("words ", 1000), strings.Repeat("</div>", 400))
	}
	read := 0
	tree(t, b.String()).Repeated(func(text string) bool { read += len(text); return true })
	if most := 17 * b.Len(); read > most {
		t.Errorf("%d bytes were read of a page of %d", read, b.Len())
	}
}

func FuzzTree(f *testing.F) {
	f.Add([]byte(`<table><tr><th>Price</th></tr><tr><td><a href=/>$1</a></td></tr><tr><td><h1>x</h1>$2</td></tr></table>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<14 {
			return
		}
		tr, err := Parse(body, "")
		if err != nil {
			return
		}
		for _, l := range tr.Links() {
			if l.To == "" {
				t.Error("a link to nowhere")
			}
		}
		for _, it := range tr.Repeated(func(text string) bool { return text != "" }) {
			if it.Title == "" {
				t.Error("an item without a title")
			}
		}
	})
}

func TestAPartOfAPageIsReadOnceHoweverItIsNested(t *testing.T) {
	tree, err := Parse([]byte(`<nav>Menu</nav><div class=n>One <div class=n>within</div></div><p>Between</p><div class=n>Two</div>`), "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Selectors{Item: "div.n"}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(strings.Fields(tree.Part(r)), " "); text != "One within Two" {
		t.Errorf("it shows %q", text)
	}
}
