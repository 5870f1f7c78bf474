package publish

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Markdown writes a profile in the form of the public profiles that defenders
// know: the same sections and columns in the same order, and after them what
// those lack: when, how sure, by how many independent origins.
func Markdown(w io.Writer, p intel.Profile, o Options) error {
	b := &writer{Writer: bufio.NewWriter(w), p: p, preview: p.Preview, rest: o.Rest, witnesses: map[string]*witness{}}
	b.head(o)
	b.interest()
	b.names()
	b.countries()
	b.relations()
	b.activities()
	b.plans()
	b.attacks()
	b.indicators()
	b.forecasts()
	b.evidence()
	b.tail()
	return b.Flush()
}

// A writer prints one profile. Errors stay with the bufio.Writer until Flush.
type writer struct {
	*bufio.Writer
	p       intel.Profile
	preview bool
	rest    string // see Options

	title     string // of the section under way
	witnesses map[string]*witness
	order     []string // of witnesses
}

func (b *writer) line(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }

func (b *writer) head(o Options) {
	p := b.p
	b.line("# %s - Cyber Threat Intelligence\n", inline(p.Name))
	if p.Invented {
		b.line("> **Invented.** Everything on this page was made up for a demonstration.\n")
	}
	b.line("%s\n", inline(p.Summary))
	b.line("Each row below says how far it is believed, since when and until when it was seen, and how many independent origins say so. Predicted rows are marked as such and are never evidence.\n")
	if live := o.live(p.Entity); live != "" {
		b.line("Live data, the evidence of every row and more analysis are available at %s\n", link(live))
	}
	if names := values(p.Aliases); len(names) > 0 {
		b.line("Also called: %s\n", strings.Join(names, ", "))
	}
	for _, r := range p.Disputed {
		b.line("%s\n", contested(r))
	}
	b.line("As of %s, %s.\n", p.AsOf.UTC().Format("2006-01-02 15:04 UTC"), p.Marking)
}

// contested says who says that a name stands for it and who says otherwise, with the
// reasons that are for the reader.
func contested(r intel.Row) string {
	out := "Disputed: " + inline(r.Value)
	if len(r.SaidBy) > 0 {
		out += "; the same, says " + inline(strings.Join(r.SaidBy, ", "))
	}
	out += "; another, says " + inline(strings.Join(r.Against, ", "))
	for _, p := range r.Evidence {
		if p.Genre == intel.Verdict {
			out += "; " + inline(string(p.Source)) + " on " + p.At.UTC().Format(time.DateOnly)
			if p.Snippet != "" {
				out += ": " + inline(p.Snippet)
			}
		}
	}
	return out + ". That they are one is believed " + string(r.Level) + " (" + intel.Decimal(r.Probability) + ")."
}

func values(rows []intel.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, inline(r.Value))
	}
	return out
}

// section writes a heading and a sentence, unless there is nothing under it.
func (b *writer) section(title, about string, rows int) bool {
	if rows == 0 {
		return false
	}
	b.line("## %s\n\n%s\n", title, about)
	b.title, _, _ = strings.Cut(title, " - ")
	return true
}

// A form is what a table is called in the list of hidden rows and in prose,
// and the columns of its own.
type form struct {
	key, noun string
	columns   []string
}

// table writes rows under the form's columns and then those every table has.
// The ellipsis row and the sentence after it stand for what a preview hides.
func (b *writer) table(f form, rows []intel.Row, cells func(intel.Row) []string) {
	b.rows(f, 1, rows, cells)
	b.more(f.key, f.noun, len(f.columns)+5, len(rows)+1)
}

// rows writes a table whose numbers begin at next.
func (b *writer) rows(f form, next int, rows []intel.Row, cells func(intel.Row) []string) {
	columns := append(append([]string{"ID"}, f.columns...), "Confidence", "First seen", "Last seen", "Origins")
	foreseen := slices.ContainsFunc(rows, func(r intel.Row) bool { return r.SeenAgain != nil })
	if foreseen {
		columns = append(columns, "Again within 30 days")
	}
	b.header(columns)
	observed := slices.Clone(rows)
	slices.SortStableFunc(observed, func(x, y intel.Row) int { return order(x) - order(y) })
	for i, r := range observed {
		row := append([]string{strconv.Itoa(next + i)}, cells(r)...)
		b.rests(b.title, next+i, r.Evidence)
		conf, first := level(r), b.day(r.First)
		switch {
		case r.Predicted:
			conf, first = "Predicted ("+intel.Decimal(r.Probability)+")", "not yet"
		case r.First.IsZero() && !r.Known.IsZero():
			first = "known " + b.day(r.Known)
		}
		row = append(row, conf, first, b.day(r.Last), strconv.Itoa(r.Origins))
		if foreseen {
			row = append(row, r.Foreseen())
		}
		b.row(row)
	}
}

// compromise writes the indicators of compromise: addresses in a table of
// their own, as they alone have a host name, all others in a second one, and
// what is set aside in a third, with the reason.
func (b *writer) compromise(all []intel.Row) {
	rows := addressesFirst(believed(all))
	n := slices.IndexFunc(rows, func(r intel.Row) bool { return !isAddress(r) })
	if n < 0 {
		n = len(rows)
	}
	addresses, others := rows[:n], rows[n:]
	f := form{"ioc", "IOC", []string{"IP address", "Hostname"}}
	if len(addresses) > 0 || len(others) == 0 && len(all) == 0 {
		b.rows(f, 1, addresses, func(r intel.Row) []string { return []string{inline(r.Value), dash(r.Hostname)} })
	}
	if len(others) > 0 {
		if len(addresses) > 0 {
			b.line("")
		}
		f.columns = []string{"Type", "Indicator"}
		b.rows(f, len(addresses)+1, others, func(r intel.Row) []string { return []string{typed(r.Entity.Kind), code(r.Value)} })
	}
	if aside := slices.DeleteFunc(slices.Clone(all), func(r intel.Row) bool { return r.Suppressed == "" }); len(aside) > 0 {
		if len(rows) > 0 {
			b.line("")
		}
		b.line("Set aside, for the reason that stands there:\n")
		f.columns = []string{"Type", "Indicator", "Why"}
		b.rows(f, len(rows)+1, aside, func(r intel.Row) []string {
			return []string{typed(r.Entity.Kind), code(r.Value), inline(r.Suppressed)}
		})
	}
	b.more(f.key, f.noun, len(f.columns)+5, len(all)+1)
}

func order(r intel.Row) int {
	if r.Predicted {
		return 1
	}
	return 0
}

func (b *writer) header(columns []string) {
	b.line("%s", strings.Join(columns, " | "))
	dashes := make([]string, len(columns))
	for i, c := range columns {
		dashes[i] = strings.Repeat("-", max(2, len(c)))
	}
	b.line("%s", strings.Join(dashes, " | "))
}

func (b *writer) row(cells []string) { b.line("%s", strings.Join(cells, " | ")) }

func (b *writer) more(key, noun string, columns, next int) {
	if n := b.p.Hidden[key]; n > 0 {
		cells := make([]string, columns)
		for i := range cells {
			cells[i] = "..."
		}
		cells[0] = strconv.Itoa(next)
		b.row(cells)
		where := "of a lower probability"
		if b.preview {
			where = "available in the full profile"
		} else if b.rest != "" {
			where += "; " + b.rest
		}
		b.line("\nThere are %d more %s items %s.", n, noun, where)
	}
	b.line("")
}

// day prints a date: a month in a preview.
func (b *writer) day(t time.Time) string {
	if b.preview && !t.IsZero() {
		return t.UTC().Format("2006-01")
	}
	return date(t)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return inline(s)
}

func (b *writer) names() {
	p := b.p
	if b.section("Associated actors", "These names are associated with "+inline(p.Name)+":", len(p.Associated)+p.Hidden["associated_actors"]) {
		b.table(form{"associated_actors", "actor", []string{"Name", "Kind", "Relation", "Reason"}}, p.Associated, func(r intel.Row) []string {
			return []string{inline(r.Value), typed(r.Entity.Kind), inline(string(r.Relation)), dash(r.Reason())}
		})
	}
	if b.section("Campaigns", "The following campaigns are known to be associated with "+inline(p.Name)+":", len(p.Campaigns)+p.Hidden["campaigns"]) {
		b.table(form{"campaigns", "campaign", []string{"Campaign"}}, p.Campaigns, func(r intel.Row) []string { return []string{inline(r.Value)} })
	}
	title, about := "Arsenal", "Malware, tools and vulnerabilities that "+inline(p.Name)+" is known to use:"
	if p.Entity.Kind == intel.Vulnerability {
		title, about = "Affected products", "Products that "+inline(p.Name)+" is known to affect:"
	}
	switch p.Entity.Kind {
	case intel.Product:
		title, about = "Vulnerabilities and vendor", "Vulnerabilities known to affect "+inline(p.Name)+", and whose product it is:"
	case intel.Vendor:
		title, about = "Products", "Products of "+inline(p.Name)+" that documents name:"
	}
	if b.section(title, about, len(p.Arsenal)+p.Hidden["arsenal"]) {
		b.table(form{"arsenal", "arsenal", []string{"Name", "Kind", "Relation"}}, p.Arsenal, func(r intel.Row) []string {
			return []string{inline(r.Value), typed(r.Entity.Kind), inline(string(r.Relation))}
		})
	}
}

func (b *writer) countries() {
	p := b.p
	about := "These countries are associated with " + inline(p.Name) + ": as origin of attacks, as a way attacks take (access by proxy), or as target. Where an address is registered is not who somebody is."
	if b.section("Countries", about, len(p.Countries)+p.Hidden["countries"]) {
		b.table(form{"countries", "country", []string{"Country", "Name", "Role"}}, p.Countries, func(r intel.Row) []string {
			return []string{inline(r.Entity.Name), inline(r.Value), dash(r.Role)}
		})
	}
}

func (b *writer) activities() {
	p := b.p
	if !b.section("Activities", fmt.Sprintf("Documents that name %s: %d in all.", inline(p.Name), p.Activities.Total), len(p.Activities.Monthly)) {
		return
	}
	b.sides()
	months := p.Activities.Monthly
	if n := len(months); n > 24 {
		months = months[n-24:]
	}
	b.header([]string{"Month", "Documents"})
	for _, m := range months {
		b.row([]string{m.Start.Format("2006-01"), strconv.Itoa(m.N)})
	}
	b.line("")
	if len(p.Activities.Events) == 0 {
		return
	}
	b.line("Latest:\n")
	for _, e := range p.Activities.Events {
		b.line("* %s %s (%s)", date(e.At), inline(e.What), inline(string(e.Source)))
	}
	b.line("")
}

func (b *writer) plans() {
	p := b.p
	if b.section("Intentions", "What "+inline(p.Name)+" says, or is said, to be after:", len(p.Intentions)+p.Hidden["intentions"]) {
		b.table(form{"intentions", "intention", []string{"Intention", "Quote"}}, p.Intentions, func(r intel.Row) []string {
			return []string{inline(r.Value), quote(r)}
		})
	}
	if b.section("Emerging research", "What "+inline(p.Name)+" newly looks into:", len(p.Research)+p.Hidden["research"]) {
		b.table(form{"research", "research", []string{"Subject", "Kind", "Quote"}}, p.Research, func(r intel.Row) []string {
			return []string{inline(r.Value), typed(r.Entity.Kind), quote(r)}
		})
	}
}

func quote(r intel.Row) string {
	if len(r.Evidence) == 0 || r.Evidence[0].Snippet == "" {
		return "-"
	}
	return inline(r.Evidence[0].Snippet)
}

func (b *writer) attacks() {
	p := b.p
	if !b.section("Attacks", "Attacks that are claimed or reported, by country and by sector.", len(p.Attacks)+p.Hidden["attacks"]) {
		return
	}
	columns := []string{"ID", "Country", "Sector", "Documents", "First seen", "Last seen", "Origins"}
	b.header(columns)
	for i, a := range p.Attacks {
		b.row([]string{strconv.Itoa(i + 1), dash(a.Country), dash(a.Sector), strconv.Itoa(a.N), b.day(a.First), b.day(a.Last), strconv.Itoa(a.Origins)})
	}
	b.more("attacks", "attack", len(columns), len(p.Attacks)+1)
}

func (b *writer) indicators() {
	p := b.p
	if b.section("IOC - Indicator of Compromise", "These indicators of compromise are known to be part of the activities of "+inline(p.Name)+".", len(p.IOC)+p.Hidden["ioc"]) {
		b.compromise(p.IOC)
	}
	if b.section("TTP - Tactics, Techniques, Procedures", "Techniques of MITRE ATT&CK and weaknesses that "+inline(p.Name)+" uses.", len(p.TTP)+p.Hidden["ttp"]) {
		b.table(form{"ttp", "TTP", []string{"Technique", "Weakness", "Description"}}, p.TTP, func(r intel.Row) []string {
			if r.Entity.Kind == intel.Weakness {
				return []string{"-", inline(r.Value), dash(r.Description)}
			}
			return []string{inline(r.Value), dash(strings.Join(r.Weakness, ", ")), dash(r.Description)}
		})
	}
	about := "These indicators of attack list the fragments used for technical activities like reconnaissance, exploitation, privilege escalation and exfiltration by " +
		inline(p.Name) + ": observed ones first, then those that are predicted."
	if b.section("IOA - Indicator of Attack", about, len(p.IOA)+p.Hidden["ioa"]) {
		f := form{"ioa", "IOA", []string{"Type", "Indicator"}}
		why := slices.ContainsFunc(p.IOA, func(r intel.Row) bool { return r.Predicted && r.Description != "" })
		if why {
			f.columns = append(f.columns, "Why expected")
		}
		b.table(f, p.IOA, func(r intel.Row) []string {
			cells := []string{typed(r.Entity.Kind), code(r.Value)}
			switch {
			case why && r.Predicted:
				cells = append(cells, dash(r.Description))
			case why:
				cells = append(cells, "-")
			}
			return cells
		})
	}
}

func (b *writer) forecasts() {
	p := b.p
	if !b.section("Forecast", "Each forecast is kept when it is made and judged when it is due, by a rule that stands with it. Where a model has not been shown to be better than the base rate, that is said, and there is no percentage.",
		len(p.Forecasts)+p.Hidden["forecasts"]) {
		return
	}
	columns := []string{"ID", "Kind", "Forecast", "Due", "Judged by"}
	b.header(columns)
	for i, f := range p.Forecasts {
		b.row([]string{strconv.Itoa(i + 1), inline(f.Kind), inline(Outlook(f)), date(f.Due), inline(f.Rule)})
	}
	b.more("forecasts", "forecast", len(columns), len(p.Forecasts)+1)
	if why := intel.NotForecast(p.NotForecast); why != "" {
		b.line("Of an actor %s.\n", inline(why))
	}
	if gaps := intel.NotWatched(p.Forecasts); gaps != "" {
		b.line("%s\n", gaps)
	}
	b.precedents()
	b.ahead()
	b.changes()
}

// Outlook says a forecast in words.
func Outlook(f intel.Forecast) string {
	said := f.Target
	switch {
	case len(f.Quantiles) > 0:
		said = fmt.Sprintf("%.0f %s in %d days (80 %%: %.0f to %.0f)", f.Quantiles["0.5"], f.Target, f.Horizon, f.Quantiles["0.1"], f.Quantiles["0.9"])
	case f.Skill.Above():
		said = fmt.Sprintf("%s: %s", f.Target, intel.Percent(f.Probability))
	}
	if f.Ranked.Place > 0 {
		said += fmt.Sprintf(", %s; %s", f.Ranked, f.Ranked.Limits())
	}
	switch {
	case f.Skill.Above():
		return said
	case f.Kind == "surge":
		return fmt.Sprintf("%s (weak: %s)", said, intel.NoBetter)
	}
	return fmt.Sprintf("%s (%s)", said, intel.NoBetter)
}

func (b *writer) tail() {
	p := b.p
	if b.section("References", "The following list contains external sources which discuss "+inline(p.Name)+" and the associated activities:", len(p.References)+p.Hidden["references"]) {
		for _, r := range p.References {
			b.line("* %s", link(r))
		}
		if n := p.Hidden["references"]; n > 0 {
			b.line("* ...\n\nThere are %d more reference items available in the full profile.", n)
		}
		b.line("")
	}
	b.line("## Licence\n\n%s", inline(p.Licence))
}
