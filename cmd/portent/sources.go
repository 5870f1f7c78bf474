package main

import (
	"context"
	"fmt"
)

type sourcesCmd struct {
	List sourcesListCmd `cmd:"" default:"1" help:"List sources and their health."`
}

type sourcesListCmd struct {
	All bool `help:"Each of them; else the first 200 alone. JSON always has all."`
}

// mostSources is how many sources are listed at once.
const mostSources = 200

// Run implements the command.
func (c *sourcesListCmd) Run(ctx context.Context, a *app) error {
	db, err := a.store(ctx)
	if err != nil {
		return err
	}
	sources, err := db.Sources(ctx, a.now())
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		a.remark("No sources yet; portent import brings documents in.")
	}
	now := a.now()
	for i, s := range sources {
		if i == mostSources && !c.All && !a.cli.JSON {
			a.remark("%d more sources; --all lists them", len(sources)-i)
			break
		}
		h := health(s, now)
		if a.cli.JSON {
			err = a.print(map[string]any{"name": s.Name, "connector": s.Connector, "state": h.State, "last_success": moment(s.LastSuccess),
				"last_error": s.LastError, "documents": s.Documents, "documents_per_day": h.PerDay, "lag_seconds": h.Lag.Seconds()})
		} else {
			_, err = fmt.Fprintf(a.out, "%-24s %-9s %9d documents  last %s  %s\n", line(s.Name), h.State, s.Documents, date(s.LastDocument), line(s.LastError))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
