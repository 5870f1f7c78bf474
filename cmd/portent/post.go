package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

type postCmd struct {
	List       postListCmd       `cmd:"" default:"withargs" help:"Print posts, newest first and irrelevant ones last, with what each is."`
	Show       showPostCmd       `cmd:"" help:"Print what one post is."`
	Relevant   relevantPostCmd   `cmd:"" help:"Rule that a post matters."`
	Irrelevant irrelevantPostCmd `cmd:"" help:"Rule that a post does not matter: it ranks last."`
	Means      meansPostCmd      `cmd:"" help:"Rule what the author of a post means by it."`
	Undo       undoPostCmd       `cmd:"" help:"Take back what was ruled of a post."`
}

// A postArg is what is ruled on.
type postArg struct {
	ID     string `arg:"" help:"The id of the document, as its page has it."`
	By     string `help:"Who rules (default: you)." placeholder:"NAME"`
	Reason string `help:"Why." placeholder:"TEXT"`
}

type (
	relevantPostCmd   struct{ postArg }
	irrelevantPostCmd struct{ postArg }
	undoPostCmd       struct{ postArg }
	meansPostCmd      struct {
		postArg
		Intent string `arg:"" help:"${purposes}."`
	}
)

// Run implements the command.
func (c *relevantPostCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.RelevantPost, "")
}

// Run implements the command.
func (c *irrelevantPostCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.IrrelevantPost, "")
}

// Run implements the command.
func (c *undoPostCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.UndoPost, "")
}

// Run implements the command.
func (c *meansPostCmd) Run(ctx context.Context, a *app) error {
	return c.rule(ctx, a, intel.MeansPost, intel.Purpose(c.Intent))
}

// rule keeps a verdict, which holds from then on, and prints what the post is now.
func (c *postArg) rule(ctx context.Context, a *app, ruling intel.Ruling, intent intel.Purpose) error {
	pipe, err := a.pipeline(ctx)
	if err != nil {
		return err
	}
	doc, err := a.db.Document(ctx, a.reader(), intel.DocumentID(c.ID))
	if err != nil {
		return err
	}
	v := intel.GistVerdict{Post: doc.ID, Ruling: ruling, Intent: intent, Reason: strings.Join(strings.Fields(c.Reason), " "), At: a.now()}
	if err := v.Check(); err != nil {
		return usageError{err}
	}
	if !doc.Genre.HasAccounts() {
		return usageError{fmt.Errorf("%s is no post but of genre %s", doc.ID, doc.Genre)}
	}
	if v.By, err = analyst(c.By); err != nil {
		return err
	}
	if err := pipe.RulePost(ctx, v); err != nil {
		return err
	}
	if err := pipe.Finish(ctx); err != nil {
		return err
	}
	return a.printPosts(ctx, []intel.Document{doc})
}

type showPostCmd struct {
	ID string `arg:"" help:"The id of the document, as its page has it."`
}

// Run implements the command.
func (c *showPostCmd) Run(ctx context.Context, a *app) error {
	db, err := a.store(ctx)
	if err != nil {
		return err
	}
	doc, err := db.Document(ctx, a.reader(), intel.DocumentID(c.ID))
	if err != nil {
		return err
	}
	return a.printPosts(ctx, []intel.Document{doc})
}

type postListCmd struct {
	Intent string `help:"Those of one intent alone: ${purposes}." placeholder:"INTENT"`
	Limit  int    `help:"So many at most." default:"50"`
}

// mostPosts bounds a list of posts.
const mostPosts = 10_000

// Run implements the command.
func (c *postListCmd) Run(ctx context.Context, a *app) error {
	if c.Intent != "" && !intel.Purpose(c.Intent).Known() {
		return usageError{fmt.Errorf("%q is no intent: %s", c.Intent, intel.PurposeNames())}
	}
	if c.Limit < 1 || c.Limit > mostPosts {
		return usageError{fmt.Errorf("--limit %d: from 1 to %d", c.Limit, mostPosts)}
	}
	db, err := a.store(ctx)
	if err != nil {
		return err
	}
	docs, err := db.Posts(ctx, a.reader(), intel.Purpose(c.Intent), c.Limit)
	if err != nil {
		return err
	}
	if len(docs) == 0 && !a.cli.JSON {
		a.remark("No such post was collected.")
	}
	return a.printPosts(ctx, docs)
}

// A printedPost is a post as JSON has it.
type printedPost struct {
	Document  intel.DocumentID `json:"document"`
	Source    intel.SourceID   `json:"source"`
	Genre     intel.Genre      `json:"genre"`
	Author    string           `json:"author,omitempty"`
	Published time.Time        `json:"published,omitzero"`
	Title     string           `json:"title"`
	*intel.Gist
}

func (a *app) printPosts(ctx context.Context, docs []intel.Document) error {
	ids := make([]intel.DocumentID, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	gists, err := a.db.Gists(ctx, a.reader(), ids)
	if err != nil {
		return err
	}
	for _, d := range docs {
		p := printedPost{Document: d.ID, Source: d.Source, Genre: d.Genre, Author: d.Author, Published: d.Published, Title: d.Heading()}
		if g, ok := gists[d.ID]; ok {
			p.Gist = &g
		}
		if a.cli.JSON {
			err = errors.Join(err, a.print(p))
		} else {
			_, err = fmt.Fprintln(a.out, line(fmt.Sprintf("%s %s %s: %s: %s", date(d.Published), d.ID, d.Source, gistLine(p.Gist), d.Heading())))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// gistLine is what a post is, in a few words.
func gistLine(g *intel.Gist) string {
	if g == nil {
		return "no post that was read for what it means"
	}
	says := "relevant " + intel.Decimal(g.Relevance)
	if g.Irrelevant() {
		says = "irrelevant, " + intel.Decimal(g.Relevance)
	}
	if g.Ruled {
		says += " (ruled)"
	}
	for _, i := range g.Intents {
		says += ", " + string(i.Intent) + " " + intel.Decimal(i.Probability)
	}
	if g.Meant {
		says += " (ruled)"
	}
	return says
}
