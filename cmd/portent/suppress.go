package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

type suppressCmd struct {
	Value suppressValueCmd `cmd:"" default:"withargs" help:"Rule that a value, or all that a network, domain or prefix covers, is no indicator."`
	Undo  undoSuppressCmd  `cmd:"" help:"Take back what was ruled of a value, suppressed or unsuppressed, written as it was then."`
	List  suppressListCmd  `cmd:"" help:"Print what holds, or with --all everything that was ever ruled."`
}

// A scopeArg is what is ruled on, as a person writes it.
type scopeArg struct {
	Value      string `arg:"" help:"An address, domain, URL, mail address or hash in any form; a network such as 192.0.2.0/24; 'https://host/path*' for all URLs that begin so; or KIND:VALUE."`
	Subdomains bool   `help:"With all names below the domain, and the URLs at them and at it."`
	By         string `help:"Who rules (default: you)." placeholder:"NAME"`
	Reason     string `help:"Why." placeholder:"TEXT"`
}

type wordCmd struct {
	scopeArg
	Until time.Time `help:"When it ends (RFC 3339, or a day); without it, never." placeholder:"TIME"`
}

type (
	suppressValueCmd struct{ wordCmd }
	unsuppressCmd    struct{ wordCmd }
	undoSuppressCmd  struct{ scopeArg }
)

// Run implements the command.
func (c *suppressValueCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.Suppress, c.Until)
}

// Run implements the command.
func (c *unsuppressCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.Unsuppress, c.Until)
}

// Run implements the command.
func (c *undoSuppressCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.UndoSuppress, time.Time{})
}

// rule keeps a verdict. It holds from the next read on: nothing is derived again.
func (c *scopeArg) rule(ctx context.Context, a *app, ruling intel.Ruling, until time.Time) error {
	now := a.now()
	if !until.IsZero() && !until.After(now) {
		return usageError{fmt.Errorf("--until %s is past: give a later day, or undo what was ruled", until.UTC().Format(time.RFC3339))}
	}
	pipe, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	v := intel.ValueVerdict{Ruling: ruling, Until: until.UTC(), Reason: strings.Join(strings.Fields(c.Reason), " "), At: now}
	if v.Scope, err = c.scope(pipe.Scanner()); err != nil {
		return usageError{err}
	}
	if ruling != intel.UndoSuppress && v.Scope.OfAnybody() {
		return usageError{fmt.Errorf("below %s stands what anybody has: name a domain below it", v.Scope.Entity.Name)}
	}
	if v.By, err = analyst(c.By); err != nil {
		return err
	}
	if v.Before, err = a.db.Verdicts(ctx); err != nil {
		return err
	}
	if ruling == intel.UndoSuppress {
		if err := ruled(ctx, a, v.Scope); err != nil {
			return err
		}
	}
	if _, err := pipe.Keep(ctx, []intel.Document{v.Document()}); err != nil {
		return err
	}
	if err := pipe.Finish(ctx); err != nil {
		return err
	}
	if a.cli.JSON {
		return a.print(v)
	}
	if v.Scope.Entity.Kind == intel.URL && !v.Scope.Wide && !strings.Contains(c.Value, "://") {
		a.remark("Without a scheme it is this one URL; under https it is another.")
	}
	_, err = fmt.Fprintln(a.out, worded(v))
	return err
}

// ruled reports an error where nothing holds that could be taken back.
func ruled(ctx context.Context, a *app, scope intel.Scope) error {
	all, err := a.db.ValueVerdicts(ctx)
	if err != nil {
		return err
	}
	for _, v := range score.NewVerdicts(all).InForce(a.now()) {
		if v.Scope == scope {
			return nil
		}
	}
	return fmt.Errorf("nothing that holds was ruled of %s: portent suppress list shows what was, and how it was written", scope)
}

// scope is what the arguments mean.
func (c *scopeArg) scope(s *extract.Scanner) (intel.Scope, error) {
	text := plainly(strings.TrimSpace(c.Value))
	if kind, _, ok := strings.Cut(text, ":"); ok && intel.Kind(kind).Known() {
		return c.wide(intel.ParseScope(text))
	}
	if _, err := netip.ParsePrefix(text); err == nil {
		return c.wide(intel.ParseScope("cidr:" + text))
	}
	if strings.Contains(text, "://") && strings.HasSuffix(text, "*") {
		return c.wide(intel.ParseScope("url:" + text))
	}
	if strings.HasPrefix(text, "*.") {
		return c.wide(intel.ParseScope("domain:" + text))
	}
	if host, _, ok := strings.Cut(text, "/"); ok {
		if _, err := netip.ParseAddr(host); err == nil {
			return intel.Scope{}, fmt.Errorf("%q is no network: write 192.0.2.0/24, or the one address", c.Value)
		}
	}
	e := entityOf(s, text)
	if e.Name == "" || e.Kind.Class() != intel.IOC {
		return intel.Scope{}, fmt.Errorf("%q is no indicator: give an address, a network such as 192.0.2.0/24, a domain, a URL, a mail address or a hash, or write KIND:VALUE", c.Value)
	}
	return c.wide(intel.ParseScope(e.String()))
}

// wide takes in the names below a domain if that is asked for.
func (c *scopeArg) wide(s intel.Scope, err error) (intel.Scope, error) {
	if err != nil || !c.Subdomains || s.Wide {
		return s, err
	}
	if s.Entity.Kind != intel.Domain && s.Entity.Kind != intel.Onion {
		return s, fmt.Errorf("--subdomains goes with a domain, and %s is none", s.Entity)
	}
	return intel.ParseScope(string(s.Entity.Kind) + ":*." + s.Entity.Name)
}

// plainly undoes the usual disguise of values.
func plainly(s string) string {
	if rest, ok := strings.CutPrefix(s, "hxxp"); ok {
		s = "http" + rest
	}
	return strings.NewReplacer("[.]", ".", "(.)", ".", "[:]", ":").Replace(s)
}

type suppressListCmd struct {
	All bool `help:"What was taken back, has ended or was overruled too."`
}

// A listedWord is a verdict with whether it decides of any value.
type listedWord struct {
	intel.ValueVerdict
	Counts bool `json:"counts"`
}

// countsNoMore stands behind a verdict that does nothing any more.
const countsNoMore = " (counts no more)"

// Run implements the command.
func (c *suppressListCmd) Run(ctx context.Context, a *app) error {
	ed, err := a.editor(ctx)
	if err != nil {
		return err
	}
	index, err := ed.Verdicts(ctx)
	if err != nil {
		return err
	}
	counting, printed := index.Counting(a.now()), 0
	for i, v := range index.All() {
		counts := counting[i]
		if !c.All && !counts {
			continue
		}
		printed++
		line := worded(v)
		if !counts && v.Ruling != intel.UndoSuppress {
			line += countsNoMore
		}
		if a.cli.JSON {
			err = a.print(listedWord{v, counts})
		} else {
			_, err = fmt.Fprintln(a.out, line)
		}
		if err != nil {
			return err
		}
	}
	if printed == 0 && !a.cli.JSON {
		a.remark("Nothing is ruled; portent suppress VALUE sets a value aside.")
	}
	return nil
}

// worded is a verdict as a line.
func worded(v intel.ValueVerdict) string {
	says := map[intel.Ruling]string{intel.Suppress: "sets aside", intel.Unsuppress: "takes for an indicator all the same", intel.UndoSuppress: "takes back what was ruled of"}[v.Ruling]
	said := fmt.Sprintf("%s %s %s %s", date(v.At), v.By, says, v.Scope)
	if !v.Until.IsZero() {
		said += " until " + strings.TrimSuffix(v.Until.UTC().Format(time.RFC3339), "T00:00:00Z")
	}
	return line(said + because(v.Reason))
}
