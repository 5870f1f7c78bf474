// Command portent is self-hosted cyber threat intelligence: it reads sources,
// finds who is active and what they do, says how far to believe each row and
// why, and publishes profiles.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/portent-cti/portent/internal/intel"
)

// Exit codes of every command.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitPartial = 3
)

// errPartial means that a command did what it could and has listed what it
// could not.
var errPartial = errors.New("partly done")

// cli is the command line.
type cli struct {
	DB          string          `name:"db" help:"Where data lives: sqlite:PATH or postgres://… (default: a file in your data directory)." env:"PORTENT_DB" placeholder:"URL"`
	Config      kong.ConfigFlag `help:"Configuration file in TOML: flags by name, those of a command in the table of its name." placeholder:"FILE"`
	SourcesFile string          `help:"File of the sources that serve reads (default: sources.toml in your configuration directory)." placeholder:"FILE" env:"PORTENT_SOURCES"`
	AgeIdentity string          `help:"Key of the encrypted file of secrets (default: age-identity.txt beside the file of sources)." placeholder:"FILE" env:"PORTENT_AGE_IDENTITY"`
	JSON        bool            `name:"json" help:"Print JSON: one object, or one object a line."`
	Now         time.Time       `help:"Pretend that it is this time (RFC 3339, or a day), for reproducible runs." placeholder:"TIME"`
	AsOf        time.Time       `name:"as-of" help:"Show what was known at this time (RFC 3339, or a day): profile, publish, lookup, explain, forecast." placeholder:"TIME"`
	Quiet       bool            `short:"q" help:"No progress, no remarks."`
	LogLevel    string          `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"warn"`

	Serve      serveCmd      `cmd:"" help:"Run everything: pipeline and pages."`
	Import     importCmd     `cmd:"" help:"Read files or folders and derive everything from them."`
	Sync       syncCmd       `cmd:"" help:"Refresh reference packs."`
	Profile    profileCmd    `cmd:"" help:"Print one profile."`
	Publish    publishCmd    `cmd:"" help:"Write all profiles as a tree of files."`
	Extract    extractCmd    `cmd:"" help:"Print what a text mentions."`
	Lookup     lookupCmd     `cmd:"" help:"Print what is known of values."`
	Hunt       huntCmd       `cmd:"" help:"Find indicators and fragments of attacks in logs."`
	Alias      aliasCmd      `cmd:"" help:"Print whom a name means, with shares, and who says so."`
	Suppress   suppressCmd   `cmd:"" help:"Rule that values are no indicators, whatever sources say."`
	Unsuppress unsuppressCmd `cmd:"" help:"Rule that values are indicators all the same, whatever lists say."`
	Row        rowCmd        `cmd:"" help:"Rule that rows are true or not, whoever says them."`
	Post       postCmd       `cmd:"" help:"Print what posts are, or rule what they are."`
	Explain    explainCmd    `cmd:"" help:"Recompute the probability of a row, step by step."`
	Train      trainCmd      `cmd:"" help:"Fit a model to what the store holds or a file has; it is kept if it is no worse than the one that ships, or better than a rate."`
	Rate       rateCmd       `cmd:"" help:"Rate a list of indicators, row by row."`
	Forecast   forecastCmd   `cmd:"" help:"Print the forecasts about a name."`
	Scoreboard scoreboardCmd `cmd:"" help:"Print how forecasts turned out, and how true it was what was believed. Judges what is due."`
	Backtest   backtestCmd   `cmd:"" help:"Replay history and score what would have been forecast."`
	Sources    sourcesCmd    `cmd:"" help:"List sources and their health."`
	Connectors connectorsCmd `cmd:"" help:"List the types of source."`
	Secrets    secretsCmd    `cmd:"" help:"Keep tokens and passwords of sources encrypted."`
	Reprocess  reprocessCmd  `cmd:"" help:"Derive documents again that an older version derived."`
	Doctor     doctorCmd     `cmd:"" help:"Check the store and list what was parked."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
	Convert    convertCmd    `cmd:"" hidden:""`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "portent: find my own file:", err)
		os.Exit(exitFailed)
	}
	os.Exit(execute(ctx, self, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// execute is the whole program but for the process around it. What is not safe
// in this process runs in another of the program at self; without it, here.
func execute(ctx context.Context, self string, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var c cli
	exited := -1
	parser, err := kong.New(&c, kong.Name("portent"), kong.Writers(stdout, stderr), kong.Vars{"purposes": intel.PurposeNames()}, kong.BindTo(ctx, (*context.Context)(nil)), kong.Configuration(readConfig), kong.TypeMapper(reflect.TypeFor[time.Time](), kong.MapperFunc(readTime)),
		kong.Description("Self-hosted cyber threat intelligence. It reads; it never attacks, posts or buys."),
		kong.Exit(func(code int) { exited = code }))
	if err != nil {
		fmt.Fprintln(stderr, "portent:", oneLine(err))
		return exitFailed
	}
	k, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err == nil {
		err = c.check(k)
	}
	if err != nil {
		fmt.Fprintf(stderr, "portent: %v (portent --help lists commands and flags)\n", err)
		return exitUsage
	}
	out, told := &plain{Writer: stdout}, &plain{Writer: stderr}
	defer func() { _, _ = out.end(), told.end() }() // whoever is gone misses nothing but half a rune
	a := newApp(&c, &heeding{ctx: ctx, Reader: stdin}, out, told)
	a.self, a.terminal = self, stderr
	if isTerminal(stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" {
		a.colours = stdout
	}
	defer a.close()
	err = k.Run(ctx, a)
	stderr = a.err
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPartial):
		return exitPartial
	case ctx.Err() != nil:
		fmt.Fprintf(stderr, "portent: interrupted (%v); what was accepted is kept, the same command goes on with the rest\n", err)
		return exitPartial
	}
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(stderr, "portent:", oneLine(err))
		return exitUsage
	}
	fmt.Fprintln(stderr, "portent:", oneLine(err))
	return exitFailed
}

// readTime reads a time of the command line; a day is its midnight in UTC.
func readTime(ctx *kong.DecodeContext, target reflect.Value) error {
	var s string
	if err := ctx.Scan.PopValueInto("time", &s); err != nil {
		return err
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		at, err := time.Parse(layout, s)
		if err == nil && at.IsZero() {
			return fmt.Errorf("%q stands for no time at all; give a later one", s)
		}
		if err == nil {
			target.Set(reflect.ValueOf(at))
			return nil
		}
	}
	return fmt.Errorf("%q is no time such as 2026-03-17 or 2026-03-17T08:00:00Z", s)
}

// A usageError is a mistake in the words of a command.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// newApp holds what commands share; nothing is opened before it is needed.
func newApp(c *cli, stdin io.Reader, stdout, stderr io.Writer) *app {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelWarn
	}
	a := &app{cli: c, in: stdin, out: stdout, err: stderr}
	a.log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	a.now = func() time.Time { return time.Now().UTC() }
	if !c.Now.IsZero() {
		fixed := c.Now.UTC()
		a.now = func() time.Time { return fixed }
	}
	return a
}

// dataFile is where the store is kept when nothing else is said:
// $XDG_DATA_HOME/portent/portent.db, or below ~/.local/share.
func dataFile() (string, error) {
	dir := os.Getenv("XDG_DATA_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find your data directory: %w (give --db sqlite:PATH)", err)
		}
		dir = filepath.Join(home, ".local", "share")
	}
	dir = filepath.Join(dir, "portent")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make data directory: %w", err)
	}
	return filepath.Join(dir, "portent.db"), nil
}
