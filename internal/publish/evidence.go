package publish

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// mostListed is how many documents the section of evidence lists.
const mostListed = 200

// A witness is a document, or several at one address, and the rows that rest on
// it, by table.
type witness struct {
	proof  intel.Proof
	tables []string
	rows   map[string][]int
	total  int
}

// rests notes on which documents row n of a table rests.
func (b *writer) rests(table string, n int, proofs []intel.Proof) {
	for _, p := range proofs {
		key := cmp.Or(p.URL, string(p.Document))
		w := b.witnesses[key]
		if w == nil {
			w = &witness{proof: p, rows: map[string][]int{}}
			b.witnesses[key] = w
			b.order = append(b.order, key)
		}
		rows := w.rows[table]
		if len(rows) == 0 {
			w.tables = append(w.tables, table)
		}
		if len(rows) == 0 || rows[len(rows)-1] != n {
			w.rows[table] = append(rows, n)
			w.total++
		}
	}
}

// evidence lists the documents that rows rest on, those with most rows first.
func (b *writer) evidence() {
	if !b.section("Evidence", "The documents that rows above rest on, and which rows; at most three for each row. Other rows are from reference lists, or predicted.", len(b.order)) {
		return
	}
	slices.SortStableFunc(b.order, func(x, y string) int { return cmp.Compare(b.witnesses[y].total, b.witnesses[x].total) })
	for _, key := range b.order[:min(mostListed, len(b.order))] {
		w := b.witnesses[key]
		rows := make([]string, len(w.tables))
		for i, t := range w.tables {
			rows[i] = t + " " + runs(w.rows[t])
		}
		title := inline(cmp.Or(w.proof.Title, w.proof.Genre.Title()+" "+string(w.proof.Document[:min(8, len(w.proof.Document))])))
		if w.proof.Genre == intel.LeakSite { // its title is the victim
			title = "Claim on a leak site"
		} else if w.proof.URL != "" {
			title += " " + link(w.proof.URL)
		}
		b.line("* %s (%s, %s): %s", title, inline(string(w.proof.Source)), date(w.proof.At), strings.Join(rows, "; "))
	}
	if more := len(b.order) - mostListed; more > 0 {
		b.line("* and %d more documents", more)
	}
	b.line("")
}

// runs writes rising numbers as runs: 1–3, 7.
func runs(numbers []int) string {
	var out []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		if i == j {
			out = append(out, strconv.Itoa(numbers[i]))
		} else {
			out = append(out, fmt.Sprintf("%d–%d", numbers[i], numbers[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}
